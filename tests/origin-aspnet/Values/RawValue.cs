using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using MessagePack;
using MessagePack.Formatters;

namespace SignalREdge.Origin.Values;

/// <summary>
/// A value as the bytes it has on the wire, never interpreted. It exists in the encoding it was read from; written to a
/// connection of the other hub protocol it is null.
/// </summary>
[JsonConverter(typeof(RawValueJsonConverter))]
[MessagePackFormatter(typeof(RawValueFormatter))]
public sealed class RawValue
{
    public byte[]? Json { get; init; }

    public byte[]? MessagePack { get; init; }

    /// <summary>The elements of a JSON array. Throws <see cref="JsonException"/> if the text is no array.</summary>
    public static RawValue[] FromJsonArray(ReadOnlyMemory<byte> text)
    {
        using var document = JsonDocument.Parse(text);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("The arguments must be a JSON array.");
        }

        return [.. document.RootElement.EnumerateArray().Select(element => new RawValue { Json = RawBytes(element) })];
    }

    /// <summary>The elements of a MessagePack array. Throws <see cref="MessagePackSerializationException"/> if it is none.</summary>
    public static RawValue[] FromMessagePackArray(ReadOnlyMemory<byte> bytes)
    {
        var reader = new MessagePackReader(bytes);
        var values = new RawValue[reader.ReadArrayHeader()];
        for (var index = 0; index < values.Length; index++)
        {
            values[index] = new RawValue { MessagePack = reader.ReadRaw().ToArray() };
        }

        return values;
    }

    internal static byte[] RawBytes(JsonElement element) => JsonMarshal.GetRawUtf8Value(element).ToArray();
}

public sealed class RawValueJsonConverter : JsonConverter<RawValue>
{
    public override bool HandleNull => true;

    public override RawValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return new RawValue { Json = RawValue.RawBytes(document.RootElement) };
    }

    public override void Write(Utf8JsonWriter writer, RawValue value, JsonSerializerOptions options) =>
        writer.WriteRawValue(value.Json ?? "null"u8, skipInputValidation: true);
}

public sealed class RawValueFormatter : IMessagePackFormatter<RawValue?>
{
    public RawValue Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) =>
        new() { MessagePack = reader.ReadRaw().ToArray() };

    public void Serialize(ref MessagePackWriter writer, RawValue? value, MessagePackSerializerOptions options)
    {
        if (value?.MessagePack is { } bytes)
        {
            writer.WriteRaw(bytes);
        }
        else
        {
            writer.WriteNil();
        }
    }
}
