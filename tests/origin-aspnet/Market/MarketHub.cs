using Microsoft.AspNetCore.SignalR;
using SignalREdge.Origin.Hubs;
using SignalREdge.Origin.Records;

namespace SignalREdge.Origin.Market;

/// <summary>
/// What clients do with the <see cref="LiveMarket"/>, in both ways in which hubs give a snapshot. A join joins the group
/// first and takes the snapshot under the lock that publishing takes.
/// </summary>
public sealed class MarketHub(LiveMarket market, Ledger ledger) : Hub, IRecordedHub
{
    public string Path => HubPaths.Market;

    public override Task OnConnectedAsync()
    {
        ledger.Connected(Path, Context);
        return Task.CompletedTask;
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        ledger.Disconnected(Path, Context, exception);
        return Task.CompletedTask;
    }

    /// <summary>The snapshot is the result.</summary>
    public Task<TopicSnapshot> Follow(int topic) => JoinAsync(market[topic]);

    public Task Unfollow(int topic) => LeaveAsync(market[topic]);

    /// <summary>The snapshot comes as a message to the caller.</summary>
    public async Task Watch(int topic) => await Clients.Caller.SendAsync("BoardSnapshot", await JoinAsync(market[topic]));

    public Task Unwatch(int topic) => LeaveAsync(market[topic]);

    /// <summary>Names the caller and its question: nobody else's answer looks like it.</summary>
    public string Ask(string question) => $"{Context.ConnectionId} {question}";

    private async Task<TopicSnapshot> JoinAsync(MarketTopic topic)
    {
        market.CountJoin(Ledger.ProtocolOf(Context));
        await Groups.AddToGroupAsync(Context.ConnectionId, topic.Group);
        if (market.JoinMs > 0)
        {
            await Task.Delay(market.JoinMs);
        }

        return await topic.TakeSnapshotAsync();
    }

    private Task LeaveAsync(MarketTopic topic) => Groups.RemoveFromGroupAsync(Context.ConnectionId, topic.Group);
}
