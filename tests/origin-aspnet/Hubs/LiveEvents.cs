using System.Collections.Concurrent;
using SignalREdge.Origin.Values;

namespace SignalREdge.Origin.Hubs;

public static class GroupNames
{
    public static string Event(long eventId) => $"event:{eventId}";

    public static string Text(string key) => $"text:{key}";
}

/// <summary>The sequence numbers of every group, kept for the life of the process.</summary>
public sealed class LiveEvents
{
    private readonly ConcurrentDictionary<(string HubPath, string Group), LiveEvent> _events = new();

    public LiveEvent Get(string hubPath, string group) =>
        _events.GetOrAdd((hubPath, group), static key => new LiveEvent($"secret of {key.Group}"));

    public void Clear() => _events.Clear();
}

/// <summary>One group's sequence. Numbering and sending happen under one lock, so snapshots have no hole behind them.</summary>
public sealed class LiveEvent(string secret)
{
    private readonly SemaphoreSlim _lock = new(1, 1);
    private long _sequence;
    private volatile bool _isClosed;

    /// <summary>It takes no new members.</summary>
    public bool IsClosed => _isClosed;

    public void Close() => _isClosed = true;

    public async Task<EventPosition> ReadPositionAsync()
    {
        await _lock.WaitAsync();
        try
        {
            return new EventPosition(_sequence, secret);
        }
        finally
        {
            _lock.Release();
        }
    }

    /// <summary>Sends the next number and returns it.</summary>
    public async Task<long> PublishAsync(Func<EventPosition, Task> send)
    {
        await _lock.WaitAsync();
        try
        {
            _sequence += 1;
            await send(new EventPosition(_sequence, secret));
            return _sequence;
        }
        finally
        {
            _lock.Release();
        }
    }
}

/// <param name="Sequence">The number published last; 0 before the first.</param>
public readonly record struct EventPosition(long Sequence, string Secret)
{
    public EventSnapshot Snapshot(long eventId) => new(eventId, Sequence, Secret);

    public TextSnapshot Snapshot(string key) => new(key, Sequence, Secret);
}
