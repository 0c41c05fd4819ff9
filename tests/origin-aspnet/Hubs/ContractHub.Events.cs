using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.SignalR;
using SignalREdge.Origin.Records;
using SignalREdge.Origin.Values;

namespace SignalREdge.Origin.Hubs;

/// <summary>
/// Subscriptions, in the shapes that hubs use. Each joins the group first and takes the snapshot under the lock that
/// publishing takes: every message with a higher sequence number than the snapshot's reaches the new member.
/// </summary>
public partial class ContractHub
{
    public async Task<EventSnapshot> Subscribe(long eventId) => (await JoinAsync(GroupNames.Event(eventId))).Snapshot(eventId);

    /// <summary>The snapshot comes as a message to the caller; the result is void.</summary>
    public async Task SubscribeWithCallerSnapshot(long eventId) =>
        await Clients.Caller.SendAsync("EventSnapshot", await Subscribe(eventId));

    public async Task<EventSnapshot[]> SubscribeMany(long[] eventIds)
    {
        var snapshots = new List<EventSnapshot>();
        foreach (var eventId in eventIds)
        {
            snapshots.Add(await Subscribe(eventId));
        }

        return [.. snapshots];
    }

    public Task SubscribeFails(long eventId) => throw new HubException($"Event {eventId} is closed.");

    /// <summary>A member at once, the snapshot only after <paramref name="ms"/>.</summary>
    public async Task<EventSnapshot> SubscribeSlow(long eventId, int ms)
    {
        await Groups.AddToGroupAsync(Context.ConnectionId, GroupNames.Event(eventId));
        await Task.Delay(ms);
        return await Subscribe(eventId);
    }

    [Authorize(Roles = "vip")]
    public Task<EventSnapshot> SubscribeVip(long eventId) => Subscribe(eventId);

    /// <summary>For vips; for others events below 50, and all of them with the query `market=open`.</summary>
    public Task<EventSnapshot> SubscribeOpen(long eventId) =>
        eventId < 50 || QueryValue("market") == "open" || Context.User?.IsInRole("vip") is true
            ? Subscribe(eventId)
            : throw new HubException($"Event {eventId} is not for you.");

    /// <summary>For everybody whose right to it has not been withdrawn, also while connected.</summary>
    public Task<EventSnapshot> SubscribeAsked(long eventId, [FromServices] Revocations revocations) =>
        revocations.Contains(UserId)
            ? throw new HubException($"{UserId} may no longer see event {eventId}.")
            : Subscribe(eventId);

    public Task UnsubscribeAsked(long eventId) => Unsubscribe(eventId);

    public Task Unsubscribe(long eventId) => LeaveAsync(GroupNames.Event(eventId));

    public async Task UnsubscribeMany(long[] eventIds)
    {
        foreach (var eventId in eventIds)
        {
            await Unsubscribe(eventId);
        }
    }

    public async Task<TextSnapshot> SubscribeText(string key) => (await JoinAsync(GroupNames.Text(key))).Snapshot(key);

    public Task UnsubscribeText(string key) => LeaveAsync(GroupNames.Text(key));

    private async Task<EventPosition> JoinAsync(string group)
    {
        if (liveEvents.Get(Path, group).IsClosed)
        {
            throw new HubException($"{group} is closed.");
        }

        await Groups.AddToGroupAsync(Context.ConnectionId, group);
        ledger.Joined(Path, Context, group);
        return await liveEvents.Get(Path, group).ReadPositionAsync();
    }

    private async Task LeaveAsync(string group)
    {
        await Groups.RemoveFromGroupAsync(Context.ConnectionId, group);
        ledger.Left(Path, Context, group);
    }
}
