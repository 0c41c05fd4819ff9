namespace SignalREdge.Origin.Market;

/// <summary>The section `market` of the configuration: what is published from the start of the process on.</summary>
public sealed class MarketSettings
{
    /// <summary>One publisher each; 0: there is no market.</summary>
    public int Topics { get; init; }

    /// <summary>How many more topics there are, which nobody publishes to.</summary>
    public int QuietTopics { get; init; }

    /// <summary>Messages per second of each publisher.</summary>
    public double PerSecond { get; init; } = 1;

    /// <summary>How long every join takes.</summary>
    public int JoinMs { get; init; }
}
