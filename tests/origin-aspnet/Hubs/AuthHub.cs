using Microsoft.AspNetCore.Authorization;
using SignalREdge.Origin.Records;

namespace SignalREdge.Origin.Hubs;

/// <summary>The contract hub for users only: 401 without a valid token, 403 for a user with the role `banned`.</summary>
public sealed class AuthHub(Ledger ledger, LiveEvents liveEvents) : ContractHub(ledger, liveEvents)
{
    public const string Policy = "member";

    public override string Path => HubPaths.Auth;

    public static void Require(AuthorizationPolicyBuilder policy) =>
        policy.RequireAuthenticatedUser().RequireAssertion(context => !context.User.IsInRole("banned"));
}
