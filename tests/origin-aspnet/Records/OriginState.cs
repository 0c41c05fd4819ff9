using Microsoft.AspNetCore.SignalR;

namespace SignalREdge.Origin.Records;

public readonly record struct ConnectionKind(string Hub, string Protocol, string Transport);

public sealed record LiveConnection(ConnectionKind Kind, HubCallerContext Context)
{
    public ConnectionState Describe() =>
        new(Context.ConnectionId, Kind.Hub, Kind.Protocol, Kind.Transport, Context.UserIdentifier);
}

public sealed record ConnectionState(string ConnectionId, string Hub, string Protocol, string Transport, string? User);

public sealed record KindState(string Hub, string Protocol, string Transport, int Current, long Total);

/// <summary>The answer of `GET /control/state`. Joins, leaves and sends are per group; a send is one call, whatever the members.</summary>
public sealed record OriginState(
    int CurrentConnections,
    long TotalConnections,
    KindState[] Kinds,
    ConnectionState[] Connections,
    long Joins,
    Dictionary<string, long> JoinsByGroup,
    long Leaves,
    Dictionary<string, long> LeavesByGroup,
    Dictionary<string, long> SendsByGroup,
    Dictionary<string, long> Invocations,
    JournalEntry[] LastDisconnects,
    Traffic Traffic);
