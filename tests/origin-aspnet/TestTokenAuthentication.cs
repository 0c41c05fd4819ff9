using System.Buffers.Text;
using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace SignalREdge.Origin;

public sealed class TestTokenOptions : AuthenticationSchemeOptions;

/// <summary>
/// Accepts the token `user:NAME` or `user:NAME:role,role`, as a bearer header or in the query as `access_token`. A fourth part
/// is the end of its life in Unix milliseconds. A JWT is the user of its `sub` until its `exp`, whoever signed it. Anything
/// else in the place of a token is refused; no token is an anonymous request.
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

        if (Read(token) is not { } read)
        {
            return AuthenticateResult.Fail("The token is not user:NAME[:role,role[:end]], nor a JWT with a sub.");
        }

        var (name, roles, end) = read;
        if (end < TimeProvider.GetUtcNow())
        {
            return AuthenticateResult.Fail("The token has expired.");
        }

        var claims = roles.Select(role => new Claim(ClaimTypes.Role, role)).Prepend(new Claim(ClaimTypes.NameIdentifier, name));
        var principal = new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme));
        return AuthenticateResult.Success(new AuthenticationTicket(principal, new AuthenticationProperties { ExpiresUtc = end }, Scheme));
    }

    private static (string Name, string[] Roles, DateTimeOffset? End)? Read(string token)
    {
        var parts = token.Split(':');
        if (parts is ["user", { Length: > 0 }, ..] && parts.Length <= 4)
        {
            DateTimeOffset? end = parts.Length == 4
                ? DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(parts[3], CultureInfo.InvariantCulture))
                : null;
            var roles = parts.Length >= 3 ? parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries) : [];
            return (parts[1], roles, end);
        }

        return token.Split('.') is [_, var payload, _] ? ReadJwt(payload) : null;
    }

    private static (string Name, string[] Roles, DateTimeOffset? End)? ReadJwt(string payload)
    {
        if (!Base64Url.IsValid(payload))
        {
            return null;
        }

        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(payload));
        if (!claims.RootElement.TryGetProperty("sub", out var name) || name.GetString() is not { Length: > 0 } text)
        {
            return null;
        }

        DateTimeOffset? end = claims.RootElement.TryGetProperty("exp", out var seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(seconds.GetInt64())
            : null;
        return (text, [], end);
    }
}
