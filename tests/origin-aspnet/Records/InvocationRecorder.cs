using Microsoft.AspNetCore.SignalR;

namespace SignalREdge.Origin.Records;

/// <summary>Records the start and end of each hub method. Calls that never reach one (unknown, unbindable, refused) are not seen.</summary>
public sealed class InvocationRecorder(Ledger ledger) : IHubFilter
{
    public async ValueTask<object?> InvokeMethodAsync(
        HubInvocationContext invocation, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        var (hub, context, method) = (((IRecordedHub)invocation.Hub).Path, invocation.Context, invocation.HubMethodName);
        ledger.Invoked(hub, context, method);
        try
        {
            var result = await next(invocation);
            ledger.Returned(hub, context, method, error: null);
            return result;
        }
        catch (Exception exception)
        {
            ledger.Returned(hub, context, method, exception.Message);
            throw;
        }
    }
}
