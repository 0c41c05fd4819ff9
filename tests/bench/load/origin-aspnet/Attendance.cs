namespace SignalREdge.BenchOrigin;

/// <summary>How many hub connections there are and were, and how many joins the hub was asked for.</summary>
public sealed class Attendance
{
    private int _connections;
    private int _connectionsEver;
    private int _joins;

    public int Connections => _connections;

    public int ConnectionsEver => _connectionsEver;

    public int Joins => _joins;

    public void Connected()
    {
        Interlocked.Increment(ref _connections);
        Interlocked.Increment(ref _connectionsEver);
    }

    public void Disconnected() => Interlocked.Decrement(ref _connections);

    public void Joined() => Interlocked.Increment(ref _joins);
}
