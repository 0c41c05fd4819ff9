using Microsoft.AspNetCore.SignalR;
using SignalREdge.Origin.Hubs;

namespace SignalREdge.Origin.Control;

/// <summary>The clients of a hub by its path.</summary>
public sealed class HubClients(IServiceProvider services)
{
    /// <summary>Throws <see cref="BadHttpRequestException"/> for a path that is no hub.</summary>
    public IHubClients Of(string hubPath) => hubPath switch
    {
        HubPaths.Contract => Of<ContractHub>(),
        HubPaths.Detailed => Of<DetailedHub>(),
        HubPaths.Auth => Of<AuthHub>(),
        HubPaths.Expiring => Of<ExpiringHub>(),
        HubPaths.Stateful => Of<StatefulHub>(),
        HubPaths.WebSockets => Of<WebSocketsHub>(),
        HubPaths.LongPolling => Of<LongPollingHub>(),
        HubPaths.Json => Of<JsonHub>(),
        _ => throw new BadHttpRequestException($"There is no hub at '{hubPath}'."),
    };

    private IHubClients Of<THub>()
        where THub : Hub => services.GetRequiredService<IHubContext<THub>>().Clients;
}
