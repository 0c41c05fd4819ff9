using SignalREdge.Origin.Records;

namespace SignalREdge.Origin.Hubs;

/// <summary>The contract hub with detailed errors.</summary>
public sealed class DetailedHub(Ledger ledger, LiveEvents liveEvents) : ContractHub(ledger, liveEvents)
{
    public override string Path => HubPaths.Detailed;
}
