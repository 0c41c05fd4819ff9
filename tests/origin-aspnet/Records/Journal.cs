namespace SignalREdge.Origin.Records;

/// <param name="Number">Rises by one with every entry; 1 after a reset.</param>
/// <param name="Kind">connected, refused, disconnected, invoked, returned, joined, left, streamEnded or uploadEnded.</param>
/// <param name="Name">The method, or the group for joined and left.</param>
/// <param name="Error">Why the connection, method, stream or upload failed; null for a graceful end.</param>
public sealed record JournalEntry(
    long Number, string Kind, string Hub, string ConnectionId, string? User, string? Name, string? Error);

/// <summary>What a waiting test looks for; an absent member matches everything.</summary>
public sealed record JournalQuery(string? Kind, string? ConnectionId, string? User, string? Name)
{
    public bool Matches(JournalEntry entry) =>
        (Kind is null || Kind == entry.Kind)
        && (ConnectionId is null || ConnectionId == entry.ConnectionId)
        && (User is null || User == entry.User)
        && (Name is null || Name == entry.Name);
}

/// <summary>What happened, in order, so that tests wait for events instead of time. Not thread-safe: its ledger locks.</summary>
public sealed class Journal
{
    /// <summary>Enough for any test that looks back; load tests run past it and only lose the oldest entries.</summary>
    private const int MaxEntries = 20_000;

    private readonly Queue<JournalEntry> _entries = new();
    private readonly List<Waiter> _waiters = [];
    private long _lastNumber;

    public void Add(string kind, string hub, string connectionId, string? user, string? name = null, string? error = null)
    {
        var entry = new JournalEntry(++_lastNumber, kind, hub, connectionId, user, name, error);
        _entries.Enqueue(entry);
        if (_entries.Count > MaxEntries)
        {
            _entries.Dequeue();
        }

        _waiters.RemoveAll(waiter => waiter.IsSatisfiedBy(entry));
    }

    /// <summary>The entry that is the <paramref name="count"/>th match, already here or still to come.</summary>
    public Task<JournalEntry> WaitForAsync(JournalQuery query, int count, CancellationToken cancellation)
    {
        var waiter = new Waiter(query, count);
        if (!_entries.Any(waiter.IsSatisfiedBy))
        {
            _waiters.Add(waiter);
        }

        return waiter.Found.Task.WaitAsync(cancellation);
    }

    /// <summary>The newest ends of connections, newest last.</summary>
    public JournalEntry[] LastDisconnects() => [.. _entries.Where(entry => entry.Kind == "disconnected").TakeLast(100)];

    public void Clear()
    {
        _entries.Clear();
        _lastNumber = 0;
    }

    private sealed class Waiter(JournalQuery query, int count)
    {
        private int _missing = count;

        public TaskCompletionSource<JournalEntry> Found { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsSatisfiedBy(JournalEntry entry)
        {
            if (query.Matches(entry) && --_missing == 0)
            {
                Found.SetResult(entry);
            }

            return _missing == 0;
        }
    }
}
