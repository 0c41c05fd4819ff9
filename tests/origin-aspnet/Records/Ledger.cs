using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Connections.Features;
using Microsoft.AspNetCore.SignalR;

namespace SignalREdge.Origin.Records;

/// <summary>Everything that tests ask the origin about afterwards: who is connected, and what was done how often.</summary>
public sealed class Ledger
{
    private readonly Lock _lock = new();
    private readonly Journal _journal = new();
    private readonly Dictionary<string, LiveConnection> _live = [];
    private readonly Dictionary<ConnectionKind, long> _opened = [];
    private readonly Dictionary<string, long> _joins = [];
    private readonly Dictionary<string, long> _leaves = [];
    private readonly Dictionary<string, long> _sends = [];
    private readonly Dictionary<(string Hub, string Group), HashSet<string>> _members = [];
    private readonly Dictionary<string, long> _invocations = [];

    public void Connected(string hub, HubCallerContext context)
    {
        var kind = new ConnectionKind(hub, ProtocolOf(context), TransportOf(context));
        lock (_lock)
        {
            _live.Add(context.ConnectionId, new LiveConnection(kind, context));
            Count(_opened, kind);
            _journal.Add("connected", hub, context.ConnectionId, context.UserIdentifier);
        }
    }

    public void Refused(string hub, HubCallerContext context)
    {
        lock (_lock)
        {
            _journal.Add("refused", hub, context.ConnectionId, context.UserIdentifier);
        }
    }

    public void Disconnected(string hub, HubCallerContext context, Exception? exception)
    {
        lock (_lock)
        {
            _live.Remove(context.ConnectionId);
            foreach (var members in _members.Values)
            {
                members.Remove(context.ConnectionId);
            }

            _journal.Add("disconnected", hub, context.ConnectionId, context.UserIdentifier, error: exception?.ToString());
        }
    }

    public void Invoked(string hub, HubCallerContext context, string method)
    {
        lock (_lock)
        {
            Count(_invocations, method);
            _journal.Add("invoked", hub, context.ConnectionId, context.UserIdentifier, method);
        }
    }

    public void Returned(string hub, HubCallerContext context, string method, string? error)
    {
        lock (_lock)
        {
            _journal.Add("returned", hub, context.ConnectionId, context.UserIdentifier, method, error);
        }
    }

    public void Joined(string hub, HubCallerContext context, string group)
    {
        lock (_lock)
        {
            Count(_joins, group);
            if (!_members.TryGetValue((hub, group), out var members))
            {
                _members.Add((hub, group), members = []);
            }

            members.Add(context.ConnectionId);
            _journal.Add("joined", hub, context.ConnectionId, context.UserIdentifier, group);
        }
    }

    public void Left(string hub, HubCallerContext context, string group)
    {
        lock (_lock)
        {
            Count(_leaves, group);
            if (_members.TryGetValue((hub, group), out var members))
            {
                members.Remove(context.ConnectionId);
            }

            _journal.Add("left", hub, context.ConnectionId, context.UserIdentifier, group);
        }
    }

    public void Sent(string group)
    {
        lock (_lock)
        {
            Count(_sends, group);
        }
    }

    public void StreamEnded(string hub, string connectionId, string method, string? error)
    {
        lock (_lock)
        {
            _journal.Add("streamEnded", hub, connectionId, user: null, method, error);
        }
    }

    public void UploadEnded(string hub, string connectionId, string method, string? error)
    {
        lock (_lock)
        {
            _journal.Add("uploadEnded", hub, connectionId, user: null, method, error);
        }
    }

    public Task<JournalEntry> WaitForAsync(JournalQuery query, int count, CancellationToken cancellation)
    {
        lock (_lock)
        {
            return _journal.WaitForAsync(query, count, cancellation);
        }
    }

    public OriginState Read(Traffic traffic)
    {
        lock (_lock)
        {
            var connections = _live.Values.Select(live => live.Describe()).ToArray();
            var kinds = _opened.Select(pair => new KindState(
                pair.Key.Hub, pair.Key.Protocol, pair.Key.Transport, _live.Values.Count(live => live.Kind == pair.Key), pair.Value));
            return new OriginState(
                connections.Length, _opened.Values.Sum(), [.. kinds], connections, _joins.Values.Sum(), new(_joins),
                _leaves.Values.Sum(), new(_leaves), new(_sends), new(_invocations), _journal.LastDisconnects(), traffic);
        }
    }

    /// <summary>Forgets all counts and the journal. Live connections stay, and count as opened.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _journal.Clear();
            foreach (var counts in new[] { _joins, _leaves, _sends, _invocations })
            {
                counts.Clear();
            }

            _opened.Clear();
            foreach (var live in _live.Values)
            {
                Count(_opened, live.Kind);
            }
        }
    }

    /// <summary>The live connections of one hub, or of all.</summary>
    public HubCallerContext[] ConnectionsOf(string? hub)
    {
        lock (_lock)
        {
            return [.. _live.Values.Where(live => hub is null || live.Kind.Hub == hub).Select(live => live.Context)];
        }
    }

    /// <summary>Ids of the connections that are in a group now.</summary>
    public string[] MembersOf(string hub, string group)
    {
        lock (_lock)
        {
            return _members.TryGetValue((hub, group), out var members) ? [.. members] : [];
        }
    }

    private static void Count<T>(Dictionary<T, long> counts, T key)
        where T : notnull => counts[key] = counts.GetValueOrDefault(key) + 1;

    /// <summary>The hub protocol is not told to hubs, but each protocol has its own transfer format.</summary>
    internal static string ProtocolOf(HubCallerContext context) =>
        context.Features.Get<ITransferFormatFeature>()?.ActiveFormat == Microsoft.AspNetCore.Connections.TransferFormat.Binary
            ? "messagepack"
            : "json";

    private static string TransportOf(HubCallerContext context) =>
        context.Features.Get<IHttpTransportFeature>()?.TransportType.ToString() ?? "unknown";
}
