using Microsoft.AspNetCore.SignalR;
using SignalREdge.Origin.Hubs;

namespace SignalREdge.Origin.Control;

/// <summary>The clients of a hub by its path.</summary>
public sealed class HubClients(
    IHubContext<ContractHub> contract, IHubContext<DetailedHub> detailed, IHubContext<AuthHub> auth)
{
    /// <summary>Throws <see cref="BadHttpRequestException"/> for a path that is no hub.</summary>
    public IHubClients Of(string hubPath) => hubPath switch
    {
        HubPaths.Contract => contract.Clients,
        HubPaths.Detailed => detailed.Clients,
        HubPaths.Auth => auth.Clients,
        _ => throw new BadHttpRequestException($"There is no hub at '{hubPath}'."),
    };
}
