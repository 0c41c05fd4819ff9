using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.SignalR.Client;
using SignalREdge.Origin.Values;

namespace SignalREdge.Client;

/// <summary>Uses the contract hub in every way there is. Nothing that it sees tells one connection or event from another.</summary>
public sealed class UseScript(Run run, Observer observer, HubConnection connection)
{
    private readonly Channel<EventUpdate> _odds = Channel.CreateUnbounded<EventUpdate>();
    private readonly Channel<TextUpdate> _texts = Channel.CreateUnbounded<TextUpdate>();
    private readonly Channel<string> _messages = Channel.CreateUnbounded<string>();
    private readonly Channel<int> _numbers = Channel.CreateUnbounded<int>();
    private readonly TaskCompletionSource<string> _received = new();

    public static async Task RunAsync(Run run, Observer observer)
    {
        await using var connection = run.Connect("/hubs/contract");
        await new UseScript(run, observer, connection).RunAsync();
    }

    private async Task RunAsync()
    {
        Listen();
        var lifecycle = new Lifecycle(connection);
        await connection.StartAsync();
        var connectionId = await connection.InvokeAsync<string>("WhoAmI");
        observer.See("connectionId", connectionId);
        await SeeResultsAsync();
        await SeeErrorsAsync();
        await SeeMessagesAsync();
        await SeeStreamsAsync(connectionId);
        await SeeUploadsAsync();
        await SeeClientResultsAsync();
        await SeeGroupsAsync();
        await observer.SeeOutcomeAsync("end.stop", connection.StopAsync());
        observer.See("end.atTheOrigin", ErrorOf(await OriginControl.WaitForAsync(run, "disconnected", connectionId)));
        // Told apart from the stop, and perhaps after it.
        observer.See("end.closed", await lifecycle.Settled);
        await observer.SeeOutcomeAsync("end.afterwards", connection.InvokeAsync<int>("Add", 1, 1));
    }

    private void Listen()
    {
        connection.On<EventUpdate>("OddsChanged", update => _odds.Writer.TryWrite(update));
        connection.On<TextUpdate>("TextChanged", update => _texts.Writer.TryWrite(update));
        connection.On<string>("Message", text => _messages.Writer.TryWrite(text));
        connection.On<int>("seq", number => _numbers.Writer.TryWrite(number));
        connection.On<int, string, string?>("ReceiveMessage", (number, text, nothing) => _received.TrySetResult($"{number} {text} {nothing ?? "null"}"));
        connection.On<string, string>("Question", question => question == "unanswerable"
            ? throw new InvalidOperationException("The client has no answer.")
            : $"the answer to {question}");
    }

    private async Task SeeResultsAsync()
    {
        observer.See("results.sum", await connection.InvokeAsync<int>("Add", 2, 3));
        observer.See("results.echo", await connection.InvokeAsync<string>("Echo", "Zoë \0 😀"));
        await observer.SeeOutcomeAsync("results.void", connection.InvokeAsync("Void"));
        observer.See("results.null", await connection.InvokeAsync<string?>("Null"));
        observer.See("results.item", JsonSerializer.Serialize(await connection.InvokeAsync<Person>("Item", Person.Example)));
        observer.See("results.kinds", JsonSerializer.Serialize(await connection.InvokeAsync<KindsOfValues>("Types")));
        observer.See("results.big", (await connection.InvokeAsync<string>("Big", 100_000)).Length);
    }

    private async Task SeeErrorsAsync()
    {
        await observer.SeeOutcomeAsync("errors.hubException", connection.InvokeAsync("ThrowHub", "No luck today."));
        await observer.SeeOutcomeAsync("errors.exception", connection.InvokeAsync("Throw"));
        await observer.SeeOutcomeAsync("errors.unknownMethod", connection.InvokeAsync("NoSuchMethod"));
        await observer.SeeOutcomeAsync("errors.wrongArgument", connection.InvokeAsync<int>("Add", "one", 1));
        await observer.SeeOutcomeAsync("errors.wrongResult", connection.InvokeAsync<int>("Echo", "text"));
        await observer.SeeOutcomeAsync("errors.notAllowed", connection.InvokeAsync("Secret"));
        await observer.SeeOutcomeAsync("errors.refusedJoin", connection.InvokeAsync<EventSnapshot>("SubscribeFails", 1L));
    }

    private async Task SeeMessagesAsync()
    {
        await connection.InvokeAsync("CallerMessage");
        observer.See("messages.received", await _received.Task);
        observer.See("messages.count", await connection.InvokeAsync<int>("CallerThenReturn", 20));
        observer.See("messages.numbers", await _numbers.Reader.ReadAllAsync().Take(20).ToArrayAsync());
    }

    private async Task SeeStreamsAsync(string connectionId)
    {
        observer.See("streams.completed", await ReadAsync<int>("Counter", 5, 0));
        observer.See("streams.failed", await ReadAsync<int>("CounterThrow", 2));
        observer.See("streams.unknownMethod", await ReadAsync<int>("NoSuchStream"));
        using var cancellation = new CancellationTokenSource();
        var seen = 0;
        try
        {
            await foreach (var _ in connection.StreamAsync<string>("PrivateCounter", 10_000, 5, cancellation.Token))
            {
                seen += 1;
                if (seen == 3)
                {
                    await cancellation.CancelAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            observer.See("streams.cancelled", seen >= 3);
        }

        var ended = await OriginControl.WaitForAsync(run, "streamEnded", connectionId, "PrivateCounter");
        observer.See("streams.cancelledAtTheOrigin", ErrorOf(ended));
    }

    private async Task SeeUploadsAsync()
    {
        observer.See("uploads.channel", await connection.InvokeAsync<int>("Upload", ReaderOf([.. Enumerable.Range(1, 100)])));
        observer.See("uploads.enumerable", await connection.InvokeAsync<int>("Upload", Numbers(1, 2, 3)));
        // Of two enumerables in one call, the client reads one after it has let go of what it needs for that.
        observer.See("uploads.two", await connection.InvokeAsync<int[]>("UploadTwo", ReaderOf(1, 2), ReaderOf(10, 20)));
    }

    private async Task SeeClientResultsAsync()
    {
        observer.See("clientResults.answer", await connection.InvokeAsync<string>("AskClient", "everything"));
        await observer.SeeOutcomeAsync("clientResults.noAnswer", connection.InvokeAsync<string>("AskClient", "unanswerable"));
    }

    private async Task SeeGroupsAsync()
    {
        var (first, second) = (run.Events[0], run.Events[1]);
        SeeUpdate("groups.first", await connection.InvokeAsync<EventSnapshot>("Subscribe", first));
        SeeUpdate("groups.second", await connection.InvokeAsync<EventSnapshot>("Subscribe", second));
        await OriginControl.PublishAsync(run, $"eventId={first}&count=3&payloadBytes=10");
        await SeeUpdatesAsync("groups.updates", _odds, 3);
        await observer.SeeOutcomeAsync("groups.left", connection.InvokeAsync("Unsubscribe", first));
        await OriginControl.PublishAsync(run, $"eventId={first}");
        await OriginControl.PublishAsync(run, $"eventId={second}&count=2");
        await SeeUpdatesAsync("groups.afterLeaving", _odds, 2);
        SeeUpdate("groups.text", await connection.InvokeAsync<TextSnapshot>("SubscribeText", $"ü/{first}"));
        await OriginControl.PublishAsync(run, $"key={Uri.EscapeDataString($"ü/{first}")}");
        await SeeUpdatesAsync("groups.textUpdates", _texts, 1);
        await connection.InvokeAsync("Join", $"group of {first}");
        await connection.InvokeAsync("SendGroup", $"group of {first}", "hello");
        observer.See("groups.withoutRule", await _messages.Reader.ReadAsync());
    }

    private async Task SeeUpdatesAsync<T>(string step, Channel<T> updates, int count)
    {
        for (var number = 1; number <= count; number++)
        {
            SeeUpdate($"{step}.{number}", await updates.Reader.ReadAsync());
        }
    }

    private void SeeUpdate<T>(string step, T update)
    {
        var text = JsonSerializer.Serialize(update is EventUpdate odds ? odds with { SentAt = 0 } : update is TextUpdate words ? words with { SentAt = 0 } : (object?)update);
        observer.See(step, text.Replace($"{run.Events[0]}", "FIRST").Replace($"{run.Events[1]}", "SECOND"));
    }

    private async Task<object> ReadAsync<T>(string method, params object?[] args)
    {
        var items = new List<T>();
        try
        {
            await foreach (var item in connection.StreamAsyncCore<T>(method, args))
            {
                items.Add(item);
            }

            return new { items, end = "completed" };
        }
        catch (Exception exception)
        {
            return new { items, end = Observer.Describe(exception) };
        }
    }

    private static ChannelReader<int> ReaderOf(params int[] numbers)
    {
        var channel = Channel.CreateBounded<int>(numbers.Length);
        foreach (var number in numbers)
        {
            channel.Writer.TryWrite(number);
        }

        channel.Writer.Complete();
        return channel.Reader;
    }

    private static async IAsyncEnumerable<int> Numbers(params int[] numbers)
    {
        foreach (var number in numbers)
        {
            await Task.Yield();
            yield return number;
        }
    }

    private static string? ErrorOf(string journalEntry) => JsonDocument.Parse(journalEntry).RootElement.GetProperty("error").GetString();
}
