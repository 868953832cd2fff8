/* uv.c - a plain echo server on libuv, as its guide writes one, to measure
 * chapters 04 and 05 against. Built if libuv's header is there.
 *
 * No framing: what one read brings is taken for one line.
 */
#include "../../common/net.h"
#include "../../common/lines.h"

#if __has_include(<uv.h>)
#include <uv.h>

enum { PREFIX = sizeof ANSWER - 1 };

/* A write under way, and its bytes. */
struct answer {
    uv_write_t write;
    char bytes[];
};

static void closed(uv_handle_t *handle)
{
    free(handle);
}

static void written(uv_write_t *write, int status)
{
    if (status < 0 && !uv_is_closing((uv_handle_t *)write->handle))
        uv_close((uv_handle_t *)write->handle, closed);
    free(write);
}

static void send_bytes(uv_stream_t *client, const char *prefix,
                       const char *bytes, size_t size)
{
    size_t start = strlen(prefix);
    struct answer *answer = malloc(sizeof *answer + start + size);
    if (answer == NULL)
        return;
    memcpy(answer->bytes, prefix, start);
    memcpy(answer->bytes + start, bytes, size);
    uv_buf_t buffer = uv_buf_init(answer->bytes, (unsigned)(start + size));
    if (uv_write(&answer->write, client, &buffer, 1, written) != 0)
        free(answer);
}

/* One for all: each read is over before the next one begins. */
static void give_room(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    static char room[65536];
    (void)handle;
    (void)size;
    *buffer = uv_buf_init(room, sizeof room);
}

static void received(uv_stream_t *client, ssize_t got, const uv_buf_t *buffer)
{
    if (got > 0)
        send_bytes(client, ANSWER, buffer->base, (size_t)got);
    else if (got < 0)
        uv_close((uv_handle_t *)client, closed);
}

static void connected(uv_stream_t *listener, int status)
{
    uv_tcp_t *client = malloc(sizeof *client);
    if (status < 0 || client == NULL ||
        uv_tcp_init(listener->loop, client) != 0) {
        free(client);
        return;
    }
    if (uv_accept(listener, (uv_stream_t *)client) == 0 &&
        uv_read_start((uv_stream_t *)client, give_room, received) == 0)
        send_bytes((uv_stream_t *)client, "", GREETING, sizeof GREETING - 1);
    else
        uv_close((uv_handle_t *)client, closed);
}

int main(void)
{
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t listener;
    struct sockaddr_storage at;
    int size = sizeof at;
    if (uv_tcp_init(loop, &listener) != 0 ||
        uv_ip4_addr("127.0.0.1", 0, (struct sockaddr_in *)&at) != 0 ||
        uv_tcp_bind(&listener, (struct sockaddr *)&at, 0) != 0 ||
        uv_listen((uv_stream_t *)&listener, SOMAXCONN, connected) != 0 ||
        uv_tcp_getsockname(&listener, (struct sockaddr *)&at, &size) != 0)
        return 1;
    (void)printf(
        "listening on %s\n",
        net_address_name((struct sockaddr *)&at, (socklen_t)size).text);
    (void)fflush(stdout); /* the script waits for it */
    return uv_run(loop, UV_RUN_DEFAULT);
}

#else

int main(void)
{
    (void)fputs("uv: built without libuv's header\n", stderr);
    return 1;
}

#endif
