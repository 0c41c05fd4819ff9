using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace SignalREdge.Origin;

public sealed class TestTokenOptions : AuthenticationSchemeOptions;

/// <summary>
/// Accepts the token `user:NAME` or `user:NAME:role,role`, as a bearer header or in the query as `access_token`. A fourth part
/// is the end of its life in Unix milliseconds. Anything else in the place of a token is refused; no token is an anonymous
/// request.
/// </summary>
public sealed class TestTokenAuthentication(
    IOptionsMonitor<TestTokenOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<TestTokenOptions>(options, logger, encoder)
{
    public new const string Scheme = "TestToken";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate());

    private AuthenticateResult Authenticate()
    {
        const string bearer = "Bearer ";
        var header = Request.Headers.Authorization.ToString();
        var token = header.StartsWith(bearer, StringComparison.Ordinal) ? header[bearer.Length..] : (string?)Request.Query["access_token"];
        if (string.IsNullOrEmpty(token))
        {
            return AuthenticateResult.NoResult();
        }

        var parts = token.Split(':');
        if (parts is not ["user", { Length: > 0 }, ..] || parts.Length > 4)
        {
            return AuthenticateResult.Fail("The token is not user:NAME[:role,role[:end]].");
        }

        DateTimeOffset? end = parts.Length == 4
            ? DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(parts[3], CultureInfo.InvariantCulture))
            : null;
        if (end < TimeProvider.GetUtcNow())
        {
            return AuthenticateResult.Fail("The token has expired.");
        }

        var roles = parts.Length >= 3 ? parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries) : [];
        var claims = roles.Select(role => new Claim(ClaimTypes.Role, role)).Prepend(new Claim(ClaimTypes.NameIdentifier, parts[1]));
        var principal = new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme));
        return AuthenticateResult.Success(new AuthenticationTicket(principal, new AuthenticationProperties { ExpiresUtc = end }, Scheme));
    }
}
