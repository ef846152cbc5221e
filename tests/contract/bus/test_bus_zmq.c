#include "bus_world.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

/* A port that was free a moment ago. */
static void tcp_url(char ret_url[96])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    (void)close(fd);
    (void)snprintf(ret_url, 96, "tcp://127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
}

static void ipc_url(char ret_url[96])
{
    static int number;
    (void)snprintf(ret_url, 96, "ipc:///tmp/vedette-contract-%d-%d", (int)getpid(), ++number);
}

int main(void)
{
    const struct bus_contract tcp = {"bus over zmq tcp", tcp_url};
    const struct bus_contract ipc = {"bus over zmq ipc", ipc_url};
    return contract_run(&tcp) + contract_run_hostile(&tcp) + contract_run(&ipc);
}
