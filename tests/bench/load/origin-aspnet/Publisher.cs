using System.Diagnostics;
using Microsoft.AspNetCore.SignalR;

namespace SignalREdge.BenchOrigin;

/// <summary>
/// Message number n goes to group `g{n % Groups}`. At each of <paramref name="Ticks"/> ticks, one every
/// <paramref name="TickIntervalMs"/>, there are <paramref name="MessagesPerTick"/> of them.
/// </summary>
public sealed record Publication(int Groups, int MessagesPerTick, double TickIntervalMs, int Ticks, int FillerBytes);

/// <param name="LatestMs">How late the latest tick was.</param>
public sealed record Published(long Messages, double LatestMs);

/// <param name="SentAt">Microseconds since the Unix epoch.</param>
public sealed record Tick(string Key, long Sequence, long SentAt, string Filler);

/// <summary>
/// Sends on a fixed schedule, whether or not the messages before have left: a stall makes later messages late, not fewer.
/// A message is stamped with the time when it was due, unless the timer is to blame for the difference.
/// </summary>
public sealed class Publisher(IHubContext<BenchHub> hub)
{
    private const double TimerResolutionMs = 2;
    private static readonly TimeSpan TimeToFlush = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, long> _sequences = [];

    public async Task<Published> PublishAsync(Publication publication, CancellationToken cancellation)
    {
        var filler = new string('x', publication.FillerBytes);
        var unfinished = new List<Task>();
        var startedAtMs = UnixMilliseconds();
        var clock = Stopwatch.StartNew();
        long messages = 0;
        double latestMs = 0;
        for (var tick = 0; tick < publication.Ticks; tick++)
        {
            var dueMs = tick * publication.TickIntervalMs;
            await WaitUntilAsync(clock, dueMs, cancellation);
            var lateMs = clock.Elapsed.TotalMilliseconds - dueMs;
            latestMs = Math.Max(latestMs, lateMs);
            var sentAtMs = startedAtMs + dueMs + (lateMs <= TimerResolutionMs ? lateMs : 0);
            for (var message = 0; message < publication.MessagesPerTick; message++)
            {
                var sending = SendAsync($"g{messages++ % publication.Groups}", sentAtMs, filler, cancellation);
                if (!sending.IsCompleted)
                {
                    unfinished.Add(sending);
                }
            }
        }

        // What a client that does not read holds up is never finished.
        await Task.WhenAny(Task.WhenAll(unfinished), Task.Delay(TimeToFlush, cancellation));
        return new Published(messages, latestMs);
    }

    private Task SendAsync(string key, double sentAtMs, string filler, CancellationToken cancellation)
    {
        var sequence = _sequences.GetValueOrDefault(key) + 1;
        _sequences[key] = sequence;
        return hub.Clients.Group(key).SendAsync("Tick", new Tick(key, sequence, (long)(sentAtMs * 1000), filler), cancellation);
    }

    private static async Task WaitUntilAsync(Stopwatch clock, double dueMs, CancellationToken cancellation)
    {
        for (var left = dueMs - clock.Elapsed.TotalMilliseconds; left > 0; left = dueMs - clock.Elapsed.TotalMilliseconds)
        {
            await Task.Delay((int)Math.Max(1, left), cancellation);
        }
    }

    private static double UnixMilliseconds() => (DateTime.UtcNow - DateTime.UnixEpoch).TotalMilliseconds;
}
