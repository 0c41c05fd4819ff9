namespace SignalREdge.Origin.Values;

public enum Color
{
    Red,
    Green,
    Blue,
}

/// <summary>An object whose members look different in the two hub protocols.</summary>
public sealed class Person
{
    public required string FirstName { get; set; }

    public Color Color { get; set; }

    public DateTime Born { get; set; }

    public required byte[] Photo { get; set; }

    public long Number { get; set; }

    public static Person Example { get; } = new()
    {
        FirstName = "Zoë",
        Color = Color.Blue,
        Born = new DateTime(1999, 12, 31, 23, 59, 58, 123, DateTimeKind.Utc).AddTicks(4567),
        Photo = [0, 1, 2, 127, 128, 255],
        Number = 9007199254740993,
    };
}
