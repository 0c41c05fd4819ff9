using Yarp.ReverseProxy.Configuration;

// Everything to one destination, `--destination http://127.0.0.1:PORT`, and otherwise YARP as it comes.
var builder = WebApplication.CreateBuilder(args);
builder.Logging.ClearProviders();
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));

var destination = builder.Configuration["destination"] ?? throw new InvalidOperationException("--destination is missing");
builder.Services.AddReverseProxy().LoadFromMemory(
    [new RouteConfig { RouteId = "all", ClusterId = "origin", Match = new RouteMatch { Path = "{**rest}" } }],
    [
        new ClusterConfig
        {
            ClusterId = "origin",
            Destinations = new Dictionary<string, DestinationConfig> { ["origin"] = new() { Address = destination } },
        },
    ]);

var app = builder.Build();
app.MapReverseProxy();
await app.StartAsync();
Console.WriteLine($"listening on {app.Urls.First()}");
await app.WaitForShutdownAsync();
