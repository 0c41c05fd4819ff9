namespace SignalREdge.Client;

/// <summary>What a script tells and asks the origin behind its own back.</summary>
public static class OriginControl
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(40) };

    public static async Task PublishAsync(Run run, string query)
    {
        using var response = await Http.PostAsync($"{run.ControlUrl}/control/publish?{query}", content: null);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>The journal entry, past or to come, as JSON.</summary>
    public static Task<string> WaitForAsync(Run run, string kind, string connectionId, string? name = null) =>
        Http.GetStringAsync($"{run.ControlUrl}/control/wait?kind={kind}&connectionId={connectionId}&timeoutMs=30000{(name is null ? "" : $"&name={name}")}");
}
