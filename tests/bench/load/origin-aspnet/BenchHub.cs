using Microsoft.AspNetCore.SignalR;

namespace SignalREdge.BenchOrigin;

/// <summary>The hub of the bench: groups to join, and nothing else.</summary>
public sealed class BenchHub(Attendance attendance) : Hub
{
    public const string Path = "/hubs/bench";

    public override Task OnConnectedAsync()
    {
        attendance.Connected();
        return Task.CompletedTask;
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        attendance.Disconnected();
        return Task.CompletedTask;
    }

    public async Task<int> Join(string[] keys)
    {
        attendance.Joined();
        foreach (var key in keys)
        {
            await Groups.AddToGroupAsync(Context.ConnectionId, key);
        }

        return keys.Length;
    }

    public async Task Leave(string[] keys)
    {
        foreach (var key in keys)
        {
            await Groups.RemoveFromGroupAsync(Context.ConnectionId, key);
        }
    }
}
