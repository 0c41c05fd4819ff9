using Microsoft.AspNetCore.SignalR;

namespace SignalREdge.Origin.Hubs;

/// <summary>Groups and addressees as any client may use them. All send the target `Message` with the text.</summary>
public partial class ContractHub
{
    private const string Message = "Message";

    public Task Join(string group) => JoinAsync(group);

    public Task Leave(string group) => LeaveAsync(group);

    public Task SendGroup(string group, string text) => Clients.Group(group).SendAsync(Message, text);

    public Task SendGroups(string first, string second, string text) => Clients.Groups(first, second).SendAsync(Message, text);

    public Task SendOthers(string text) => Clients.Others.SendAsync(Message, text);

    public Task SendAll(string text) => Clients.All.SendAsync(Message, text);

    public Task SendUser(string user, string text) => Clients.User(user).SendAsync(Message, text);
}
