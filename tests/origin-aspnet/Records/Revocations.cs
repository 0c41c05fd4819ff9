using System.Collections.Concurrent;

namespace SignalREdge.Origin.Records;

/// <summary>Users whose rights have been withdrawn, while their tokens are as good as before.</summary>
public sealed class Revocations
{
    private readonly ConcurrentDictionary<string, bool> _users = new();

    public void Add(string user) => _users[user] = true;

    public bool Contains(string? user) => user is not null && _users.ContainsKey(user);
}
