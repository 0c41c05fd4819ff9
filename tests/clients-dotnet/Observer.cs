using System.Text.Encodings.Web;
using System.Text.Json;

namespace SignalREdge.Client;

/// <summary>Writes the observations of one run to standard output.</summary>
public sealed class Observer(string run)
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public void See(string step, object? value) => Write(new { run, step, value });

    /// <summary>What a call came to: its result, or the type and text of its exception.</summary>
    public async Task SeeOutcomeAsync<T>(string step, Task<T> call)
    {
        try
        {
            See(step, await call);
        }
        catch (Exception exception)
        {
            See(step, Describe(exception));
        }
    }

    /// <summary>As <see cref="SeeOutcomeAsync{T}"/>, for a call without a result.</summary>
    public Task SeeOutcomeAsync(string step, Task call) => SeeOutcomeAsync(step, WithResult(call));

    public void Done(string? failure) => Write(new { run, done = true, failure });

    public static string? Describe(Exception? exception) =>
        exception is null ? null : $"{exception.GetType().Name}: {exception.Message}";

    private static async Task<string> WithResult(Task call)
    {
        await call;
        return "done";
    }

    private static void Write<T>(T line)
    {
        // One call to a line: the console's writer is synchronized.
        Console.WriteLine(JsonSerializer.Serialize(line, Json));
    }
}
