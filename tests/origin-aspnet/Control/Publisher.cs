using System.Diagnostics;
using Microsoft.AspNetCore.SignalR;
using SignalREdge.Origin.Hubs;
using SignalREdge.Origin.Records;
using SignalREdge.Origin.Values;

namespace SignalREdge.Origin.Control;

/// <param name="Target">Name of the message; null for the usual one of the group's kind.</param>
/// <param name="PerSecond">Messages per second; null for as fast as the members take them.</param>
public sealed record Publication(string? Target, int Count, double? PerSecond, int PayloadBytes);

/// <summary>First and last sequence number of a publication.</summary>
public sealed record Published(long First, long Last);

/// <summary>Sends to groups with consecutive sequence numbers.</summary>
public sealed class Publisher(HubClients hubs, LiveEvents liveEvents, Ledger ledger)
{
    private long _broadcasts;

    public Task<Published> PublishEventAsync(string hub, long eventId, Publication publication, CancellationToken cancellation) =>
        PublishAsync(hub, GroupNames.Event(eventId), publication, "OddsChanged", cancellation, (position, payload) =>
            new EventUpdate(eventId, position.Sequence, position.Secret, UnixMilliseconds(), payload));

    public Task<Published> PublishTextAsync(string hub, string key, Publication publication, CancellationToken cancellation) =>
        PublishAsync(hub, GroupNames.Text(key), publication, "TextChanged", cancellation, (position, payload) =>
            new TextUpdate(key, position.Sequence, position.Secret, UnixMilliseconds(), payload));

    /// <summary>One `KindsChanged` with a value of every kind.</summary>
    public Task<Published> PublishKindsAsync(string hub, long eventId, CancellationToken cancellation) =>
        PublishAsync(hub, GroupNames.Event(eventId), new Publication("KindsChanged", 1, null, 0), "KindsChanged", cancellation, (position, _) =>
            new EventKinds(eventId, position.Sequence, position.Secret, KindsOfValues.Example));

    /// <summary>One `OddsChanged` for each member of the event's group, with a secret of its own: what no group message is.</summary>
    public async Task PublishPersonalAsync(string hub, long eventId, CancellationToken cancellation)
    {
        var group = GroupNames.Event(eventId);
        await liveEvents.Get(hub, group).PublishAsync(async position =>
        {
            ledger.Sent(group);
            foreach (var member in ledger.MembersOf(hub, group))
            {
                var update = new EventUpdate(eventId, position.Sequence, $"secret of {member}", UnixMilliseconds(), null);
                await hubs.Of(hub).Client(member).SendAsync("OddsChanged", update, cancellation);
            }
        });
    }

    /// <summary>Sends the arguments as they are, without a sequence number.</summary>
    public async Task PublishRawAsync(string hub, string group, string target, RawValue[] arguments, CancellationToken cancellation)
    {
        ledger.Sent(group);
        await hubs.Of(hub).Group(group).SendCoreAsync(target, arguments, cancellation);
    }

    public async Task<Published> BroadcastAsync(string hub, int count, string text, CancellationToken cancellation)
    {
        var first = Interlocked.Add(ref _broadcasts, count) - count + 1;
        for (var sequence = first; sequence < first + count; sequence++)
        {
            await hubs.Of(hub).All.SendAsync("ServiceMessage", new ServiceMessage(sequence, UnixMilliseconds(), text), cancellation);
        }

        return new Published(first, first + count - 1);
    }

    private async Task<Published> PublishAsync(
        string hub,
        string group,
        Publication publication,
        string usualTarget,
        CancellationToken cancellation,
        Func<EventPosition, string?, object> createMessage)
    {
        var members = hubs.Of(hub).Group(group);
        var target = publication.Target ?? usualTarget;
        var payload = publication.PayloadBytes > 0 ? new string('x', publication.PayloadBytes) : null;
        var liveEvent = liveEvents.Get(hub, group);
        long first = 0, last = 0;
        var started = Stopwatch.GetTimestamp();
        for (var sent = 0; sent < publication.Count; sent++)
        {
            await WaitForTurnAsync(started, sent, publication.PerSecond, cancellation);
            last = await liveEvent.PublishAsync(position =>
            {
                ledger.Sent(group);
                return members.SendCoreAsync(target, [createMessage(position, payload)], cancellation);
            });
            first = sent == 0 ? last : first;
        }

        return new Published(first, last);
    }

    private static async Task WaitForTurnAsync(long started, int sent, double? perSecond, CancellationToken cancellation)
    {
        if (perSecond is { } rate)
        {
            var wait = TimeSpan.FromSeconds(sent / rate) - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, cancellation);
            }
        }
    }

    private static double UnixMilliseconds() => (DateTime.UtcNow - DateTime.UnixEpoch).TotalMilliseconds;
}
