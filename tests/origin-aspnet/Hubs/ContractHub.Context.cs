using Microsoft.AspNetCore.SignalR;
using SignalREdge.Origin.Values;

namespace SignalREdge.Origin.Hubs;

/// <summary>What hub code sees of the connection and of the request that opened it.</summary>
public partial class ContractHub
{
    private HttpRequest? Request => Context.GetHttpContext()?.Request;

    public string WhoAmI() => Context.ConnectionId;

    public string? UserName() => UserId;

    public string? QueryValue(string key) => Request?.Query[key];

    public string? HeaderValue(string key) => Request?.Headers[key];

    public string? CookieValue(string key) => Request?.Cookies[key];

    public IEnumerable<ClaimValue> Claims() =>
        Context.User?.Claims.Select(claim => new ClaimValue(claim.Type, claim.Value)).ToArray() ?? [];
}
