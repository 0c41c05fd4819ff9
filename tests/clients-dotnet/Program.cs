using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.SignalR.Client;
using SignalREdge.Client;

// A .NET client that does what the lines on its standard input say, all at the same time, and writes what it sees, one
// line of JSON to an observation. It ends with its input, when everything is done.
var json = new JsonSerializerOptions(JsonSerializerDefaults.Web);
Console.WriteLine(JsonSerializer.Serialize(new { version = ClientVersion.OfAssembly(typeof(HubConnection).Assembly) }, json));

var runs = new ConcurrentBag<Task>();
while (Console.ReadLine() is { } line)
{
    var run = JsonSerializer.Deserialize<Run>(line, json) ?? throw new InvalidOperationException($"'{line}' is no run.");
    runs.Add(Task.Run(() => ExecuteAsync(run)));
}

await Task.WhenAll(runs);

async Task ExecuteAsync(Run run)
{
    var observer = new Observer(run.Name);
    try
    {
        await (run.Script switch
        {
            "use" => UseScript.RunAsync(run, observer),
            "endings" => EndingsScript.RunAsync(run, observer),
            "comeBack" => ComeBackScript.RunAsync(run, observer),
            _ => throw new InvalidOperationException($"There is no script '{run.Script}'."),
        });
        observer.Done(failure: null);
    }
    catch (Exception exception)
    {
        observer.Done(exception.ToString());
    }
}
