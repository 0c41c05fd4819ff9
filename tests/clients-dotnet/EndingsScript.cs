using Microsoft.AspNetCore.SignalR.Client;

namespace SignalREdge.Client;

/// <summary>Connections that come to nothing, or to an end that the client did not ask for.</summary>
public static class EndingsScript
{
    public static Task RunAsync(Run run, Observer observer) => Task.WhenAll(
        StartAsync("noHub", run.Connect("/hubs/nothing"), observer),
        StartAsync("unauthorized", run.Connect("/hubs/auth"), observer),
        StartAsync("forbidden", run.Connect("/hubs/auth", "user:mallory:banned"), observer),
        UserNameAsync("authorized", run.Connect("/hubs/auth", "user:ada"), observer),
        UserNameAsync("authorizedByQuery", run.Connect("/hubs/auth?access_token=user:ada"), observer),
        StartRefusedAsync("refusedByTheHub", run.Connect("/hubs/stateful?failConnect=1"), observer),
        StartRefusedAsync("refusedInDetail", run.Connect("/hubs/detailed?failConnect=1"), observer),
        AbortAsync("abortedByTheHub", run.Connect("/hubs/stateful"), observer),
        SendTooMuchAsync("tooLarge", run.Connect("/hubs/stateful"), observer),
        StopMeanwhileAsync("stoppedMeanwhile", run.Connect("/hubs/stateful"), run, observer));

    private static async Task StartAsync(string step, HubConnection connection, Observer observer)
    {
        await observer.SeeOutcomeAsync(step, connection.StartAsync());
        await connection.DisposeAsync();
    }

    private static async Task UserNameAsync(string step, HubConnection connection, Observer observer)
    {
        await connection.StartAsync();
        observer.See(step, await connection.InvokeAsync<string?>("UserName"));
        await connection.DisposeAsync();
    }

    /// <summary>The refusal may come while the connection still starts, or after it: the same text, once thrown, once told.</summary>
    private static async Task StartRefusedAsync(string step, HubConnection connection, Observer observer)
    {
        var lifecycle = new Lifecycle(connection);
        try
        {
            await connection.StartAsync();
            observer.See(step, (await lifecycle.Settled).Replace("closed: ", ""));
        }
        catch (Exception exception) when (exception is not TimeoutException)
        {
            observer.See(step, Observer.Describe(exception));
        }

        await connection.DisposeAsync();
    }

    private static async Task AbortAsync(string step, HubConnection connection, Observer observer)
    {
        var lifecycle = new Lifecycle(connection);
        await connection.StartAsync();
        await observer.SeeOutcomeAsync(step, connection.InvokeAsync("AbortMe"));
        await lifecycle.Settled;
        observer.See($"{step}.events", lifecycle.Events);
        await connection.DisposeAsync();
    }

    /// <summary>More than the origin accepts: it closes the connection and lets the client come back.</summary>
    private static async Task SendTooMuchAsync(string step, HubConnection connection, Observer observer)
    {
        var lifecycle = new Lifecycle(connection);
        await connection.StartAsync();
        var before = await connection.InvokeAsync<string>("WhoAmI");
        await observer.SeeOutcomeAsync(step, connection.InvokeAsync<string>("Echo", new string('x', 40_000)));
        await lifecycle.Settled;
        var after = await connection.InvokeAsync<string>("WhoAmI");
        observer.See($"{step}.newConnection", after != before);
        observer.See($"{step}.events", lifecycle.Events);
        await connection.DisposeAsync();
    }

    private static async Task StopMeanwhileAsync(string step, HubConnection connection, Run run, Observer observer)
    {
        await connection.StartAsync();
        var connectionId = await connection.InvokeAsync<string>("WhoAmI");
        var slow = connection.InvokeAsync("Slow", 60_000);
        await OriginControl.WaitForAsync(run, "invoked", connectionId, "Slow");
        await connection.StopAsync();
        await observer.SeeOutcomeAsync(step, slow);
        await connection.DisposeAsync();
    }
}
