using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using SignalREdge.Origin;
using SignalREdge.Origin.Control;
using SignalREdge.Origin.Hubs;
using SignalREdge.Origin.Market;
using SignalREdge.Origin.Records;

var builder = WebApplication.CreateBuilder(args);

// The tests read one line from stdout; `--verbose true` brings the framework's own log back.
if (!builder.Configuration.GetValue<bool>("verbose"))
{
    builder.Logging.ClearProviders();
}

var traffic = new TrafficMeter();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(traffic.Measure)));

builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
builder.Services.AddSingleton(traffic);
builder.Services.AddSingleton<Ledger>();
builder.Services.AddSingleton<LiveEvents>();
builder.Services.AddSingleton<HubClients>();
builder.Services.AddSingleton<Revocations>();
builder.Services.AddSingleton<Publisher>();
builder.Services.AddSingleton<InvocationRecorder>();
builder.Services.AddSingleton(builder.Configuration.GetSection("market").Get<MarketSettings>() ?? new MarketSettings());
builder.Services.AddSingleton<LiveMarket>();
builder.Services.AddHostedService(services => services.GetRequiredService<LiveMarket>());

builder.Services
    .AddAuthentication(TestTokenAuthentication.Scheme)
    .AddScheme<TestTokenOptions, TestTokenAuthentication>(TestTokenAuthentication.Scheme, configureOptions: null);
builder.Services.AddAuthorizationBuilder().AddPolicy(AuthHub.Policy, AuthHub.Require);

builder.Services
    .AddSignalR(hub => hub.AddFilter<InvocationRecorder>())
    .AddMessagePackProtocol()
    .AddHubOptions<DetailedHub>(hub => hub.EnableDetailedErrors = true)
    .AddHubOptions<JsonHub>(hub => hub.SupportedProtocols = ["json"]);

var app = builder.Build();

app.MapHub<ContractHub>(HubPaths.Contract);
app.MapHub<DetailedHub>(HubPaths.Detailed);
app.MapHub<AuthHub>(HubPaths.Auth).RequireAuthorization(AuthHub.Policy);
app.MapHub<ExpiringHub>(HubPaths.Expiring, hub => hub.CloseOnAuthenticationExpiration = true).RequireAuthorization(AuthHub.Policy);
app.MapHub<StatefulHub>(HubPaths.Stateful, hub => hub.AllowStatefulReconnects = true);
app.MapHub<WebSocketsHub>(HubPaths.WebSockets, hub => hub.Transports = HttpTransportType.WebSockets);
app.MapHub<LongPollingHub>(HubPaths.LongPolling, hub => hub.Transports = HttpTransportType.LongPolling);
app.MapHub<JsonHub>(HubPaths.Json);
app.MapHub<MarketHub>(HubPaths.Market);
app.MapControl();

await app.StartAsync();
Console.WriteLine($"origin listening on {app.Urls.First()}");

// Whoever started the origin holds its standard input: when that process dies, however it dies, the origin ends too.
if (app.Configuration.GetValue<bool>("exitWithStandardInput"))
{
    _ = StopAtEndOfInputAsync(app.Lifetime);
}

await app.WaitForShutdownAsync();

static async Task StopAtEndOfInputAsync(IHostApplicationLifetime lifetime)
{
    using var input = Console.OpenStandardInput();
    await input.CopyToAsync(Stream.Null, lifetime.ApplicationStopping);
    lifetime.StopApplication();
}
