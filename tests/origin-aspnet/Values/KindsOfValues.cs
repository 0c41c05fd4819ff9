namespace SignalREdge.Origin.Values;

/// <summary>One of every kind of value that hubs send, with the extremes that a re-encoding would spoil.</summary>
public sealed class KindsOfValues
{
    public bool True { get; init; } = true;
    public string? Nothing { get; init; }
    public int Zero { get; init; }
    public int Negative { get; init; } = -33;
    public long LongMin { get; init; } = long.MinValue;
    public long LongMax { get; init; } = long.MaxValue;
    public long BeyondDouble { get; init; } = 9007199254740993;
    public ulong UnsignedMax { get; init; } = ulong.MaxValue;
    public float Float { get; init; } = 0.1f;
    public double WholeDouble { get; init; } = 1.0;
    public double LargeDouble { get; init; } = 1e21;
    public double TinyDouble { get; init; } = double.Epsilon;
    public double NegativeZero { get; init; } = -0.0;
    public decimal TrailingZero { get; init; } = 1.10m;
    public decimal DecimalMax { get; init; } = decimal.MaxValue;
    public string Empty { get; init; } = "";
    public string Unicode { get; init; } = "\u0000\u001eé😀</script>+\"\\";
    public char Letter { get; init; } = 'ß';
    public byte[] Bytes { get; init; } = [0x1e, 0x00, 0xff];
    public byte[] LongBytes { get; init; } = new byte[300];
    public DateTime Epoch { get; init; } = DateTime.UnixEpoch;
    public DateTime WithTicks { get; init; } = new DateTime(2024, 2, 29, 12, 0, 0, DateTimeKind.Utc).AddTicks(1);
    public DateTime BeforeEpoch { get; init; } = new(1900, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    public DateTimeOffset Offset { get; init; } = new(2024, 7, 1, 8, 30, 0, TimeSpan.FromMinutes(330));
    public TimeSpan Duration { get; init; } = TimeSpan.FromMilliseconds(1500);
    public Guid Id { get; init; } = new("0f8fad5b-d9cb-469f-a165-70867728950e");
    public Color Color { get; init; } = Color.Green;
    public int[] Numbers { get; init; } = [0, 127, 128, 255, 256, 65535, 65536, -1, -32, -33, -128, -129];
    public object?[] Mixed { get; init; } = [1, "1", true, null, 1.5, new[] { 2 }];
    public Dictionary<string, int> Map { get; init; } = new() { ["b"] = 1, ["A"] = 2, ["10"] = 3, ["2"] = 4 };
    public Person Nested { get; init; } = Person.Example;

    public static KindsOfValues Example { get; } = new();
}
