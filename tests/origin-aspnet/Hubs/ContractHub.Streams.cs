using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace SignalREdge.Origin.Hubs;

/// <summary>Streams in both directions. Their ends are recorded, so that a test can wait for them.</summary>
public partial class ContractHub
{
    /// <summary>0 to <paramref name="count"/> - 1, with a pause after each.</summary>
    public IAsyncEnumerable<int> Counter(int count, int delayMs, CancellationToken cancellation) =>
        Stream(nameof(Counter), count, delayMs, number => number, cancellation);

    /// <summary>As <see cref="Counter"/>, then an exception.</summary>
    public async IAsyncEnumerable<int> CounterThrow(int count, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var number in Stream(nameof(CounterThrow), count, delayMs: 0, number => number, cancellation))
        {
            yield return number;
        }

        throw new InvalidOperationException("thrown by the stream");
    }

    /// <summary>A stream that is none.</summary>
    public IAsyncEnumerable<int>? NullStream() => null;

    /// <summary>Items that carry the caller's private token.</summary>
    public IAsyncEnumerable<string> PrivateCounter(int count, int delayMs, CancellationToken cancellation)
    {
        var token = PrivateToken;
        return Stream(nameof(PrivateCounter), count, delayMs, number => $"{token}:{number}", cancellation);
    }

    public Task<int> Upload(ChannelReader<int> numbers) => SumAsync(nameof(Upload), numbers);

    public async Task<int[]> UploadTwo(ChannelReader<int> left, ChannelReader<int> right) =>
        await Task.WhenAll(SumAsync(nameof(UploadTwo), left), SumAsync(nameof(UploadTwo), right));

    private async IAsyncEnumerable<T> Stream<T>(
        string method, int count, int delayMs, Func<int, T> item, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var connectionId = Context.ConnectionId;
        try
        {
            for (var number = 0; number < count; number++)
            {
                yield return item(number);
                if (delayMs > 0)
                {
                    await Task.Delay(delayMs, cancellation);
                }

                cancellation.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            ledger.StreamEnded(Path, connectionId, method, cancellation.IsCancellationRequested ? "cancelled" : null);
        }
    }

    private async Task<int> SumAsync(string method, ChannelReader<int> numbers)
    {
        var connectionId = Context.ConnectionId;
        try
        {
            var sum = 0;
            await foreach (var number in numbers.ReadAllAsync())
            {
                sum += number;
            }

            ledger.UploadEnded(Path, connectionId, method, error: null);
            return sum;
        }
        catch (Exception exception)
        {
            ledger.UploadEnded(Path, connectionId, method, exception.Message);
            throw;
        }
    }
}
