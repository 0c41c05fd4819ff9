using System.Reflection;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
#if MESSAGEPACK
using Microsoft.Extensions.DependencyInjection;
#endif

namespace SignalREdge.Client;

/// <summary>One line of the input: a script, against the hubs at a URL, over one transport and hub protocol.</summary>
/// <param name="Name">Tells its observations from those of other runs.</param>
/// <param name="Url">Origin or gateway: scheme, host and port.</param>
/// <param name="ControlUrl">The origin, whose `/control` the script asks.</param>
/// <param name="Events">Two events that no other run follows.</param>
public sealed record Run(string Name, string Script, string Url, string ControlUrl, string Transport, string Protocol, long[] Events)
{
    /// <summary>A connection that is not started. It reconnects at once, and once.</summary>
    public HubConnection Connect(string path, string? accessToken = null)
    {
        var transport = Enum.Parse<HttpTransportType>(Transport);
        var builder = new HubConnectionBuilder()
            .WithUrl($"{Url}{path}", transport, http => http.AccessTokenProvider = accessToken is null ? null : () => Task.FromResult<string?>(accessToken))
            .WithAutomaticReconnect([TimeSpan.Zero]);
        return (Protocol switch
        {
            "json" => builder,
#if MESSAGEPACK
            "messagepack" => builder.AddMessagePackProtocol(),
#endif
            _ => throw new InvalidOperationException($"This client does not speak {Protocol}."),
        }).Build();
    }
}

public static class ClientVersion
{
    /// <summary>`10.0.15` of `10.0.15+commit`.</summary>
    public static string OfAssembly(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
