#include "cli/ask.h"

#include "base/monitor/listen.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS        5000L
#define BODY_BYTES_MAX ((size_t)64 * 1024 * 1024)

static size_t take(char *data, size_t one, size_t size, void *self)
{
    struct text *body = self;
    if (body->size + size > BODY_BYTES_MAX)
        return 0;
    text_append(body, (struct span){data, size});
    return body->failed ? 0 : one * size;
}

static enum status perform(CURL *curl, char ret_reason[256])
{
    long code = 0;
    CURLcode result = curl_easy_perform(curl);
    if (result != CURLE_OK) {
        (void)snprintf(ret_reason, 256, "%s",
                       result == CURLE_COULDNT_CONNECT      ? "it does not run"
                       : result == CURLE_OPERATION_TIMEDOUT ? "it runs and does not answer"
                                                            : curl_easy_strerror(result));
        return STATUS_CLOSED;
    }
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    if (code == 200)
        return STATUS_OK;
    (void)snprintf(ret_reason, 256, "it answered %ld", code);
    return STATUS_REFUSED;
}

enum status ask(const char *folder, const char *socket, const char *path, struct text *ret_body, char ret_reason[256])
{
    struct sockaddr_un address;
    char url[2048];
    int folder_fd;
    enum status status = unix_address(folder, socket, &address, &folder_fd, ret_reason);
    if (status != STATUS_OK)
        return status;
    CURL *curl = curl_easy_init();
    int size = snprintf(url, sizeof url, "http://localhost%s", path);
    status = curl != NULL && (size_t)size < sizeof url ? STATUS_OK : STATUS_TOO_LARGE;
    (void)snprintf(ret_reason, 256, "%s", status_text(status));
    if (status == STATUS_OK) {
        (void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, address.sun_path);
        (void)curl_easy_setopt(curl, CURLOPT_URL, url);
        (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
        (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, WAIT_MS);
        (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
        (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret_body);
        status = perform(curl, ret_reason);
    }
    curl_easy_cleanup(curl);
    if (folder_fd >= 0)
        (void)close(folder_fd);
    return status;
}
