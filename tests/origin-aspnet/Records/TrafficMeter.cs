using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace SignalREdge.Origin.Records;

public sealed record Traffic(long BytesIn, long BytesOut);

/// <summary>
/// Counts the bytes of every TCP connection, HTTP and WebSocket framing included. A connection that turns out to carry
/// control requests is taken out again by <see cref="Exclude"/>.
/// </summary>
public sealed class TrafficMeter
{
    private long _bytesIn;
    private long _bytesOut;

    public ConnectionDelegate Measure(ConnectionDelegate next) => async connection =>
    {
        var measured = new MeasuredConnection(this);
        connection.Features.Set(measured);
        connection.Transport = new MeasuredPipe(connection.Transport, measured);
        await next(connection);
    };

    public Traffic Read() => new(Interlocked.Read(ref _bytesIn), Interlocked.Read(ref _bytesOut));

    public static void Exclude(HttpContext context) => context.Features.Get<MeasuredConnection>()?.Exclude();

    private sealed class MeasuredConnection(TrafficMeter meter)
    {
        private long _bytesIn;
        private long _bytesOut;
        private bool _excluded;

        public void AddIn(long bytes) => Add(ref _bytesIn, ref meter._bytesIn, bytes);

        public void AddOut(long bytes) => Add(ref _bytesOut, ref meter._bytesOut, bytes);

        public void Exclude()
        {
            if (!_excluded)
            {
                _excluded = true;
                Interlocked.Add(ref meter._bytesIn, -_bytesIn);
                Interlocked.Add(ref meter._bytesOut, -_bytesOut);
            }
        }

        private void Add(ref long own, ref long total, long bytes)
        {
            if (!_excluded)
            {
                own += bytes;
                Interlocked.Add(ref total, bytes);
            }
        }
    }

    private sealed class MeasuredPipe(IDuplexPipe inner, MeasuredConnection measured) : IDuplexPipe
    {
        public PipeReader Input { get; } = new MeasuredReader(inner.Input, measured);

        public PipeWriter Output { get; } = new MeasuredWriter(inner.Output, measured);
    }

    private sealed class MeasuredReader(PipeReader inner, MeasuredConnection measured) : PipeReader
    {
        private System.Buffers.ReadOnlySequence<byte> _buffer;

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var result = await inner.ReadAsync(cancellationToken);
            _buffer = result.Buffer;
            return result;
        }

        public override bool TryRead(out ReadResult result)
        {
            var any = inner.TryRead(out result);
            if (any)
            {
                _buffer = result.Buffer;
            }

            return any;
        }

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            measured.AddIn(_buffer.IsEmpty ? 0 : _buffer.Slice(_buffer.Start, consumed).Length);
            _buffer = default;
            inner.AdvanceTo(consumed, examined);
        }

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);
    }

    private sealed class MeasuredWriter(PipeWriter inner, MeasuredConnection measured) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes)
        {
            measured.AddOut(bytes);
            inner.Advance(bytes);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            inner.FlushAsync(cancellationToken);

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
        {
            measured.AddOut(source.Length);
            return inner.WriteAsync(source, cancellationToken);
        }

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);
    }
}
