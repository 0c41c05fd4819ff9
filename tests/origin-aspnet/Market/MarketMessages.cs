namespace SignalREdge.Origin.Market;

/// <param name="Epoch">One life of the origin process, by its start in Unix milliseconds: each has sequences of its own.</param>
/// <param name="Sequence">Rises by one with each message of the topic; 1 is the first.</param>
/// <param name="Secret">The same in all messages of one topic and epoch, different between any two of them.</param>
public sealed record TopicMessage(int Topic, long Epoch, long Sequence, string Secret, double SentAt);

/// <summary>The last sequence number that was published before the snapshot was taken.</summary>
public sealed record TopicSnapshot(int Topic, long Epoch, long Sequence, string Secret);

/// <param name="Sequences">The last of each topic.</param>
/// <param name="Joins">Hub methods that joined, by hub protocol.</param>
public sealed record MarketState(long Epoch, long[] Sequences, Dictionary<string, int> Joins);
