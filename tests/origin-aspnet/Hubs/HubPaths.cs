namespace SignalREdge.Origin.Hubs;

/// <summary>Where the hubs are mapped. The path is also the name of the hub in records and control requests.</summary>
public static class HubPaths
{
    public const string Contract = "/hubs/contract";
    public const string Detailed = "/hubs/detailed";
    public const string Auth = "/hubs/auth";
    public const string Expiring = "/hubs/expiring";
    public const string Stateful = "/hubs/stateful";
    public const string WebSockets = "/hubs/websockets";
    public const string LongPolling = "/hubs/longpolling";
    public const string Json = "/hubs/json";
    public const string Market = "/hubs/market";
}
