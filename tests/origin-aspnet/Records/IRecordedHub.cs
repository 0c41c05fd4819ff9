namespace SignalREdge.Origin.Records;

/// <summary>A hub whose calls are recorded under its path.</summary>
public interface IRecordedHub
{
    string Path { get; }
}
