using SignalREdge.Origin.Records;

namespace SignalREdge.Origin.Hubs;

/// <summary>The hub for users only that ends connections when their ticket expires.</summary>
public sealed class ExpiringHub(Ledger ledger, LiveEvents liveEvents) : ContractHub(ledger, liveEvents)
{
    public override string Path => HubPaths.Expiring;
}

/// <summary>The contract hub with stateful reconnect.</summary>
public sealed class StatefulHub(Ledger ledger, LiveEvents liveEvents) : ContractHub(ledger, liveEvents)
{
    public override string Path => HubPaths.Stateful;
}

/// <summary>The contract hub over WebSockets only.</summary>
public sealed class WebSocketsHub(Ledger ledger, LiveEvents liveEvents) : ContractHub(ledger, liveEvents)
{
    public override string Path => HubPaths.WebSockets;
}

/// <summary>The contract hub over long polling only.</summary>
public sealed class LongPollingHub(Ledger ledger, LiveEvents liveEvents) : ContractHub(ledger, liveEvents)
{
    public override string Path => HubPaths.LongPolling;
}

/// <summary>The contract hub without MessagePack.</summary>
public sealed class JsonHub(Ledger ledger, LiveEvents liveEvents) : ContractHub(ledger, liveEvents)
{
    public override string Path => HubPaths.Json;
}
