using Microsoft.AspNetCore.SignalR;
using SignalREdge.Origin.Records;

namespace SignalREdge.Origin.Hubs;

/// <summary>
/// The hub whose behaviour the conformance suite compares everything with. Framework defaults throughout: what it does is
/// what ASP.NET Core SignalR does. The parts of the class are in the ContractHub.*.cs files.
/// </summary>
public partial class ContractHub(Ledger ledger, LiveEvents liveEvents) : Hub, IRecordedHub
{
    public virtual string Path => HubPaths.Contract;

    private string? UserId => Context.UserIdentifier;

    /// <summary>Identifies the one connection that may ever see it: isolation tests look for it elsewhere.</summary>
    private string PrivateToken => $"{UserId ?? "anonymous"}:{Context.ConnectionId}";

    /// <summary>Query `failConnect=1` refuses the connection, `greet=1` greets it before anything else is sent.</summary>
    public override async Task OnConnectedAsync()
    {
        if (QueryValue("failConnect") == "1")
        {
            ledger.Refused(Path, Context);
            throw new InvalidOperationException("This connection was asked to fail.");
        }

        ledger.Connected(Path, Context);
        if (QueryValue("greet") == "1")
        {
            await Clients.Caller.SendAsync("Greeting", Context.ConnectionId);
        }
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        ledger.Disconnected(Path, Context, exception);
        return Task.CompletedTask;
    }
}
