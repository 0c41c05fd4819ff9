/*
 * The limit of the platform: one `write` of the same bytes for each client and message, in C. It answers upgrade,
 * handshake and join with fixed words, to clients of the bench only, and takes "PUBLISH ticks interval-us filler-bytes\n"
 * on a connection of its own, which it answers with the lateness of the latest tick in microseconds when all is sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FDS 65536
#define TIMER_RESOLUTION_US 2000

enum state { FREE, CONNECTED, UPGRADED, SHAKEN, JOINED };

static enum state states[MAX_FDS];
static int highest;
static long sequence;

static const char upgrade[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
static const char handshake[] = "\x81\x03{}\x1e";
static const char completion[] = "\x81\x1e{\"type\":3,\"invocationId\":\"1\"}\x1e";

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* Sockets block, so a client that does not read holds up the loop: the bench has none here. */
static void put(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return; /* it is gone; the next read says so */
    bytes += written;
    length -= (size_t)written;
  }
}

static long now_us(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000L + time.tv_nsec / 1000;
}

static void sleep_until(long due_us) {
  struct timespec due = {due_us / 1000000, due_us % 1000000 * 1000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR) continue;
}

/* Returns the length of the whole frame. */
static size_t build(char *frame, size_t size, long sent_at, int filler) {
  char *payload = frame + 4;
  int length = snprintf(payload, size - 4,
                        "{\"type\":1,\"target\":\"Tick\",\"arguments\":[{\"key\":\"g0\",\"sequence\":%ld,\"sentAt\":%ld,"
                        "\"filler\":\"",
                        ++sequence, sent_at);
  memset(payload + length, 'x', (size_t)filler);
  length += filler;
  memcpy(payload + length, "\"}]}\x1e", 5);
  length += 5;
  if (length > 0xffff || length < 126) fail("a message of this size is not what this program is for");
  frame[0] = (char)0x81;
  frame[1] = 126;
  frame[2] = (char)(length >> 8);
  frame[3] = (char)length;
  return (size_t)length + 4;
}

static void publish(int control, long ticks, long interval_us, int filler) {
  size_t size = (size_t)filler + 512;
  char *frame = malloc(size);
  if (frame == NULL) fail("malloc");
  long started = now_us(CLOCK_MONOTONIC), started_unix = now_us(CLOCK_REALTIME), latest = 0;
  for (long tick = 0; tick < ticks; tick++) {
    long due = tick * interval_us;
    sleep_until(started + due);
    long late = now_us(CLOCK_MONOTONIC) - started - due;
    if (late > latest) latest = late;
    size_t length = build(frame, size, started_unix + due + (late <= TIMER_RESOLUTION_US ? late : 0), filler);
    for (int fd = 0; fd <= highest; fd++)
      if (states[fd] == JOINED) put(fd, frame, length);
  }
  free(frame);
  char answer[32];
  put(control, answer, (size_t)snprintf(answer, sizeof answer, "%ld\n", latest));
}

static void receive(int fd) {
  char bytes[4096];
  ssize_t length = read(fd, bytes, sizeof bytes - 1);
  if (length <= 0) {
    close(fd);
    states[fd] = FREE;
    return;
  }
  bytes[length] = 0;
  long ticks, interval_us;
  int filler;
  if (states[fd] == CONNECTED && sscanf(bytes, "PUBLISH %ld %ld %d", &ticks, &interval_us, &filler) == 3) {
    publish(fd, ticks, interval_us, filler);
  } else if (states[fd] == CONNECTED) {
    put(fd, upgrade, sizeof upgrade - 1);
    states[fd] = UPGRADED;
  } else if (states[fd] == UPGRADED) {
    put(fd, handshake, sizeof handshake - 1);
    states[fd] = SHAKEN;
  } else if (states[fd] == SHAKEN) {
    put(fd, completion, sizeof completion - 1);
    states[fd] = JOINED;
  }
}

static int listen_anywhere(void) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0) fail("bind");
  if (listen(listener, 4096) < 0 || getsockname(listener, (struct sockaddr *)&address, &size) < 0) fail("listen");
  printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

static void take(int poll, int listener) {
  int one = 1, fd = accept(listener, NULL, NULL);
  if (fd < 0) fail("accept");
  if (fd >= MAX_FDS) fail("too many clients");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
  states[fd] = CONNECTED;
  if (fd > highest) highest = fd;
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  int listener = listen_anywhere(), poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[256];
  if (epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event) < 0) fail("epoll_ctl");
  for (;;) {
    int count = epoll_wait(poll, ready, 256, -1);
    for (int i = 0; i < count; i++) {
      if (ready[i].data.fd == listener) take(poll, listener);
      else receive(ready[i].data.fd);
    }
  }
}
