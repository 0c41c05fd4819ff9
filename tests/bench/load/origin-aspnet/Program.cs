using SignalREdge.BenchOrigin;
using SignalREdge.Origin.Records;

var builder = WebApplication.CreateBuilder(args);
builder.Logging.ClearProviders();
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));

// Counting bytes costs CPU, so only runs that ask for bytes do it.
TrafficMeter? traffic = null;
if (builder.Configuration.GetValue<bool>("meter"))
{
    traffic = new TrafficMeter();
    builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(traffic.Measure)));
}

builder.Services.AddSingleton<Attendance>();
builder.Services.AddSingleton<Publisher>();
builder.Services.AddSignalR().AddMessagePackProtocol();

var app = builder.Build();
app.MapHub<BenchHub>(BenchHub.Path);

var control = app.MapGroup("/control");
control.AddEndpointFilter((context, next) =>
{
    TrafficMeter.Exclude(context.HttpContext);
    return next(context);
});
control.MapPost("/publish", (Publisher publisher, Publication publication, CancellationToken cancellation) =>
    publisher.PublishAsync(publication, cancellation));
control.MapGet("/state", (Attendance attendance) => new
{
    attendance.Connections,
    attendance.ConnectionsEver,
    attendance.Joins,
    BytesIn = traffic?.Read().BytesIn ?? 0,
    BytesOut = traffic?.Read().BytesOut ?? 0,
});
control.MapPost("/collect-garbage", () => GC.Collect());

await app.StartAsync();
Console.WriteLine($"listening on {app.Urls.First()}");
await app.WaitForShutdownAsync();
