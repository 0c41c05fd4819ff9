using Microsoft.AspNetCore.Connections.Features;
using SignalREdge.Origin.Hubs;
using SignalREdge.Origin.Market;
using SignalREdge.Origin.Records;
using SignalREdge.Origin.Values;

namespace SignalREdge.Origin.Control;

/// <summary>What tests tell and ask the origin over HTTP, out of the hubs' way. Their traffic is not counted.</summary>
public static class ControlEndpoints
{
    private const string MessagePackContent = "application/x-msgpack";

    public static void MapControl(this WebApplication app)
    {
        var control = app.MapGroup("/control");
        control.AddEndpointFilter((context, next) =>
        {
            TrafficMeter.Exclude(context.HttpContext);
            return next(context);
        });
        control.MapPost("/publish", PublishAsync);
        control.MapPost("/publish-kinds", PublishKindsAsync);
        control.MapPost("/publish-personal", PublishPersonalAsync);
        control.MapPost("/publish-raw", PublishRawAsync);
        control.MapPost("/broadcast", BroadcastAsync);
        control.MapPost("/close-event", CloseEvent);
        control.MapGet("/state", ReadState);
        control.MapGet("/market", (LiveMarket market) => market.Read());
        control.MapPost("/close-market", (LiveMarket market) => market.CloseAsync());
        control.MapGet("/wait", WaitAsync);
        control.MapPost("/revoke", (Revocations revocations, string user) => revocations.Add(user));
        control.MapPost("/reset", Reset);
        control.MapPost("/abort-connections", AbortConnections);
        control.MapPost("/close-gracefully", CloseGracefully);
    }

    /// <summary>To the group of `eventId`, or of the text `key`.</summary>
    private static async Task<IResult> PublishAsync(
        Publisher publisher,
        CancellationToken cancellation,
        long? eventId,
        string? key,
        string? target,
        double? perSecond,
        string hub = HubPaths.Contract,
        int count = 1,
        int payloadBytes = 0)
    {
        var publication = new Publication(target, count, perSecond, payloadBytes);
        return (eventId, key) switch
        {
            ({ } id, null) => Results.Ok(await publisher.PublishEventAsync(hub, id, publication, cancellation)),
            (null, { } text) => Results.Ok(await publisher.PublishTextAsync(hub, text, publication, cancellation)),
            _ => Results.BadRequest("Give either eventId or key."),
        };
    }

    private static Task<Published> PublishKindsAsync(
        Publisher publisher, CancellationToken cancellation, long eventId, string hub = HubPaths.Contract) =>
        publisher.PublishKindsAsync(hub, eventId, cancellation);

    private static Task PublishPersonalAsync(
        Publisher publisher, CancellationToken cancellation, long eventId, string hub = HubPaths.Contract) =>
        publisher.PublishPersonalAsync(hub, eventId, cancellation);

    /// <summary>The body is the array of arguments, as JSON text or, by its content type, as MessagePack.</summary>
    private static async Task PublishRawAsync(
        Publisher publisher, HttpRequest request, CancellationToken cancellation, long eventId, string target, string hub = HubPaths.Contract)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellation);
        var arguments = request.ContentType == MessagePackContent
            ? RawValue.FromMessagePackArray(body.ToArray())
            : RawValue.FromJsonArray(body.ToArray());
        await publisher.PublishRawAsync(hub, GroupNames.Event(eventId), target, arguments, cancellation);
    }

    private static Task<Published> BroadcastAsync(
        Publisher publisher, CancellationToken cancellation, string hub = HubPaths.Contract, int count = 1, string text = "") =>
        publisher.BroadcastAsync(hub, count, text, cancellation);

    private static void CloseEvent(LiveEvents liveEvents, long eventId, string hub = HubPaths.Contract) =>
        liveEvents.Get(hub, GroupNames.Event(eventId)).Close();

    private static OriginState ReadState(Ledger ledger, TrafficMeter traffic) => ledger.Read(traffic.Read());

    /// <summary>Answers when the `count`th matching entry is in the journal, or 408 after `timeoutMs`.</summary>
    private static async Task<IResult> WaitAsync(
        Ledger ledger, [AsParameters] JournalQuery query, CancellationToken cancellation, int count = 1, int timeoutMs = 5_000)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeoutMs);
        try
        {
            return Results.Ok(await ledger.WaitForAsync(query, count, limit.Token));
        }
        catch (OperationCanceledException)
        {
            return Results.StatusCode(StatusCodes.Status408RequestTimeout);
        }
    }

    private static void Reset(Ledger ledger, LiveEvents liveEvents)
    {
        ledger.Reset();
        liveEvents.Clear();
    }

    private static int AbortConnections(Ledger ledger, string? hub)
    {
        var connections = ledger.ConnectionsOf(hub);
        foreach (var connection in connections)
        {
            connection.Abort();
        }

        return connections.Length;
    }

    /// <summary>
    /// Ends connections as the framework does when a ticket expires: the client is told to reconnect. (A shutdown of the
    /// process is no such end: it cuts the WebSockets.)
    /// </summary>
    private static int CloseGracefully(Ledger ledger, string? hub)
    {
        var connections = ledger.ConnectionsOf(hub);
        foreach (var connection in connections)
        {
            connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }

        return connections.Length;
    }
}
