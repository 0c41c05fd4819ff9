using Microsoft.AspNetCore.SignalR.Client;

namespace SignalREdge.Client;

/// <summary>
/// Says `connected`, and waits until somebody lets the origin close the connections of its hub with `allowReconnect`.
/// </summary>
public static class ComeBackScript
{
    public static async Task RunAsync(Run run, Observer observer)
    {
        await using var connection = run.Connect("/hubs/json");
        var lifecycle = new Lifecycle(connection);
        await connection.StartAsync();
        var before = await connection.InvokeAsync<string>("WhoAmI");
        observer.See("connected", true);
        await lifecycle.Settled;
        observer.See("newConnection", await connection.InvokeAsync<string>("WhoAmI") != before);
        observer.See("events", lifecycle.Events);
        await connection.StopAsync();
    }
}
