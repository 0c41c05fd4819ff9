using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.SignalR;

namespace SignalREdge.Origin.Market;

/// <summary>
/// Publishes to every topic on a fixed schedule for the life of the process, whoever listens. A publisher that is late
/// sends what it owes; how much was sent is in the sequences.
/// </summary>
public sealed class LiveMarket : BackgroundService
{
    private readonly MarketSettings _settings;
    private readonly IHubContext<MarketHub> _hub;
    private readonly MarketTopic[] _topics;
    private readonly long _epoch = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
    private readonly ConcurrentDictionary<string, int> _joins = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LiveMarket(MarketSettings settings, IHubContext<MarketHub> hub)
    {
        _settings = settings;
        _hub = hub;
        _topics = [.. Enumerable.Range(0, settings.Topics + settings.QuietTopics).Select(number => new MarketTopic(number, _epoch))];
    }

    private IEnumerable<MarketTopic> Published => _topics.Take(_settings.Topics);

    public int JoinMs => _settings.JoinMs;

    /// <summary>Throws <see cref="HubException"/> for a topic that there is not.</summary>
    public MarketTopic this[int number] =>
        number >= 0 && number < _topics.Length ? _topics[number] : throw new HubException($"There is no topic {number}.");

    public void CountJoin(string protocol) => _joins.AddOrUpdate(protocol, 1, (_, count) => count + 1);

    public MarketState Read() => new(_epoch, [.. Published.Select(topic => topic.Sequence)], new(_joins));

    /// <summary>Ends the publishers; when it returns, nothing more is sent.</summary>
    public async Task<MarketState> CloseAsync()
    {
        await _closing.CancelAsync();
        await _closed.Task;
        return Read();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, _closing.Token);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Published.Select((topic, number) => PublishAsync(topic, number, started, end.Token)));
        _closed.SetResult();
    }

    private async Task PublishAsync(MarketTopic topic, int number, long started, CancellationToken end)
    {
        await Task.Yield();
        var members = _hub.Clients.Group(topic.Group);
        // Publishers take turns within one period.
        var offset = (double)number / _settings.Topics;
        for (var sent = 0L; !end.IsCancellationRequested; sent++)
        {
            var wait = TimeSpan.FromSeconds((sent + offset) / _settings.PerSecond) - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, end).ContinueWith(_ => { }, TaskScheduler.Default);
            }

            if (!end.IsCancellationRequested)
            {
                await topic.PublishAsync(message => members.SendAsync(topic.Target, message, CancellationToken.None));
            }
        }
    }
}
