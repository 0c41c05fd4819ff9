using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR.Client;

namespace SignalREdge.Client;

/// <summary>What happened to a connection, in order. Make it before the connection starts.</summary>
public sealed class Lifecycle
{
    private readonly ConcurrentQueue<string> _events = new();
    private readonly TaskCompletionSource<string> _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Lifecycle(HubConnection connection)
    {
        connection.Reconnecting += error => Add("reconnecting", error);
        connection.Reconnected += _ => Add("reconnected", error: null);
        connection.Closed += error => Add("closed", error);
    }

    public string[] Events => [.. _events];

    /// <summary>Completes with the first event after which the connection is closed or open again.</summary>
    public Task<string> Settled => _settled.Task.WaitAsync(TimeSpan.FromSeconds(40));

    private Task Add(string name, Exception? error)
    {
        var text = error is null ? name : $"{name}: {Observer.Describe(error)}";
        _events.Enqueue(text);
        if (name != "reconnecting")
        {
            _settled.TrySetResult(text);
        }

        return Task.CompletedTask;
    }
}
