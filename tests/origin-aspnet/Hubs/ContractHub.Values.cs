using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;
using SignalREdge.Origin.Values;

namespace SignalREdge.Origin.Hubs;

/// <summary>Invocations with arguments, results and errors.</summary>
public partial class ContractHub
{
    public object? Echo(object? value) => value;

    /// <summary>Gives back the very bytes of the argument, in either hub protocol.</summary>
    public RawValue EchoRaw(RawValue value) => value;

    public int Add(int left, int right) => left + right;

    public void Void()
    {
    }

    public string? Null() => null;

    public void Throw() => throw new InvalidOperationException("thrown by the hub");

    public void ThrowHub(string message) => throw new HubException(message);

    [Authorize(Roles = "x")]
    public string Secret() => "secret";

    public Task Slow(int ms) => Task.Delay(ms, Context.ConnectionAborted);

    public string Big(int bytes) => new('x', bytes);

    public Person Item(Person person) => person;

    public Person GetItem() => Person.Example;

    public KindsOfValues Types() => KindsOfValues.Example;

    /// <summary>One message with an integer, a string and a null.</summary>
    public Task CallerMessage() => Clients.Caller.SendAsync("ReceiveMessage", 1, "x", null);

    /// <summary>Sends `seq` 0 to <paramref name="count"/> - 1 to the caller, then returns the count.</summary>
    public async Task<int> CallerThenReturn(int count)
    {
        for (var number = 0; number < count; number++)
        {
            await Clients.Caller.SendAsync("seq", number);
        }

        return count;
    }

    /// <summary>A client result: asks the caller `Question` and returns its answer.</summary>
    public Task<string?> AskClient(string question) =>
        Clients.Caller.InvokeAsync<string?>("Question", question, Context.ConnectionAborted);

    public void AbortMe() => Context.Abort();

    /// <summary>Sends the caller's private token to the caller and returns it.</summary>
    public async Task<string> Whisper(string text)
    {
        await Clients.Caller.SendAsync("Whispered", PrivateToken, text);
        return PrivateToken;
    }
}
