namespace SignalREdge.Origin.Values;

/// <summary>What a subscription to an event returns: the last sequence number published before it.</summary>
public sealed record EventSnapshot(long EventId, long Sequence, string Secret);

public sealed record TextSnapshot(string Key, long Sequence, string Secret);

/// <param name="Secret">The same in all messages of one group, different between groups.</param>
/// <param name="SentAt">Unix time in milliseconds, with fraction.</param>
public sealed record EventUpdate(long EventId, long Sequence, string Secret, double SentAt, string? Payload);

public sealed record TextUpdate(string Key, long Sequence, string Secret, double SentAt, string? Payload);

public sealed record EventKinds(long EventId, long Sequence, string Secret, KindsOfValues Kinds);

/// <summary>The one argument of the broadcast target `ServiceMessage`.</summary>
public sealed record ServiceMessage(long Sequence, double SentAt, string Text);

public sealed record ClaimValue(string Type, string Value);
