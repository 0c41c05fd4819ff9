/** ASP.NET Core's MaximumReceiveMessageSize: one hub message of a client with its separator or length prefix. */
export const maxReceiveMessageBytes = 32_768;

/** Size of ASP.NET Core's transport buffers: with more waiting, nothing more is read. */
export const maxBufferedBytes = 65_536;
