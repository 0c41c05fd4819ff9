using System.Security.Cryptography;

namespace SignalREdge.Origin.Market;

/// <summary>One topic's sequence. Numbering and sending happen under one lock, so snapshots have no hole behind them.</summary>
public sealed class MarketTopic(int number, long epoch)
{
    private readonly SemaphoreSlim _lock = new(1, 1);
    private readonly string _secret = RandomNumberGenerator.GetHexString(16);
    private long _sequence;

    /// <summary>Followers get the snapshot as the result of their join, watchers as a message to the caller.</summary>
    public string Target { get; } = number % 2 == 0 ? "Tick" : "Board";

    public string Group => $"market:{number}";

    public long Sequence => Interlocked.Read(ref _sequence);

    public async Task<TopicSnapshot> TakeSnapshotAsync()
    {
        await _lock.WaitAsync();
        try
        {
            return new TopicSnapshot(number, epoch, _sequence, _secret);
        }
        finally
        {
            _lock.Release();
        }
    }

    public async Task PublishAsync(Func<TopicMessage, Task> send)
    {
        await _lock.WaitAsync();
        try
        {
            _sequence += 1;
            await send(new TopicMessage(number, epoch, _sequence, _secret, (DateTime.UtcNow - DateTime.UnixEpoch).TotalMilliseconds));
        }
        finally
        {
            _lock.Release();
        }
    }
}
