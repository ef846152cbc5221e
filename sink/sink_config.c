/* The block `sink` of the configuration. */
#include "base/log.h"
#include "base/time_text.h"
#include "sink/alert_driver.h"
#include "sink/secret.h"
#include "sink/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_BYTES_MAX 1024
#define ALERTS_MAX       256
#define YEAR_MS          (366.0 * 86400000.0)

struct sink_block {
    const char *store;
    const char *name;
    const struct config_node *alerts;
};

static const struct config_row store_as_path[] = {
    {"store", CONFIG_PATH, offsetof(struct sink_block, store), .fallback = "vedette.gpkg",
     .help = "where incidents and episodes are kept: a file ending in .gpkg, or memory:"},
    {"name", CONFIG_STRING, offsetof(struct sink_block, name), .fallback = "sink", .help = "of this sink on the link"},
    {"alerts", CONFIG_NODE, offsetof(struct sink_block, alerts), .help = "whom to tell of flagged episodes"},
    {0},
};

struct alert_block {
    const char *name;
    const char *type;
    const struct config_node *url, *secret;
    const char *secret_file;
    int64_t group_wait_ms, group_interval_ms, repeat_interval_ms, max_age_ms;
    const struct config_node *repeats;
};

static const struct config_row alert_rows[] = {
    {"name", CONFIG_STRING, offsetof(struct alert_block, name), .required = true, .help = "for people and logs"},
    {"type", CONFIG_STRING, offsetof(struct alert_block, type), .fallback = "webhook", .help = "how: webhook"},
    {"url", CONFIG_NODE, offsetof(struct alert_block, url), .required = true,
     .help = "where to; ${NAME} is taken from the environment"},
    {"secret", CONFIG_NODE, offsetof(struct alert_block, secret),
     .help = "whsec_ and base64, signs what is sent; ${NAME} is taken from the environment"},
    {"secret_file", CONFIG_PATH, offsetof(struct alert_block, secret_file), .help = "a file that holds the secret"},
    {"group_wait", CONFIG_DURATION, offsetof(struct alert_block, group_wait_ms), .fallback = "30s", .max = YEAR_MS,
     .help = "how long a new episode gathers before the first alert"},
    {"group_interval", CONFIG_DURATION, offsetof(struct alert_block, group_interval_ms), .fallback = "5m",
     .max = YEAR_MS, .help = "the least time between two alerts of one episode"},
    {"repeat_interval", CONFIG_NODE, offsetof(struct alert_block, repeats),
     .help = "tells an unchanged flagged episode again after that time; off: never"},
    {"max_age", CONFIG_DURATION, offsetof(struct alert_block, max_age_ms), .fallback = "7d", .max = 100 * YEAR_MS,
     .help = "an episode whose last incident is older is stored, not alerted"},
    {0},
};

/* A path is made absolute from the file's folder; what has a scheme is taken as it is. */
static bool is_path(const struct config_node *node)
{
    if (node == NULL || config_kind(node) != CONFIG_SCALAR)
        return true;
    const char *text = config_text(node).data;
    return strstr(text, "://") == NULL && strcmp(text, "memory:") != 0;
}

/* Its text without blanks around it, or NULL, complained about. */
static const char *read_secret_file(struct config *config, const struct config_node *node, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = config_take(config, SECRET_BYTES_MAX + 1);
    ssize_t size = fd >= 0 && text != NULL ? read(fd, text, SECRET_BYTES_MAX + 1) : -1;
    int error = errno;
    struct stat stat_of;
    if (fd >= 0 && fstat(fd, &stat_of) == 0 && (stat_of.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        log_warn("sink.secret_file", "%s can be read by others: its mode should be 0600", path);
    if (fd >= 0)
        (void)close(fd);
    if (text == NULL)
        return NULL;
    if (size < 0 || size > SECRET_BYTES_MAX) {
        config_complain(config, node, "secret_file %s: %s", path, size < 0 ? strerror(error) : "too long for a secret");
        return NULL;
    }
    while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL)
        size--;
    text[size] = '\0';
    return text + strspn(text, " \t\r\n");
}

static const char *secret_of(struct config *config, const struct config_node *node, const struct alert_block *block)
{
    if ((block->secret != NULL) == (block->secret_file != NULL)) {
        config_complain(config, node, "alert \"%s\" has %s, expected one of secret: and secret_file:", block->name,
                        block->secret != NULL ? "two secrets" : "no secret");
        return NULL;
    }
    const struct config_node *said = block->secret != NULL ? block->secret : config_find(node, "secret_file");
    const char *secret = block->secret != NULL ? config_expand(config, block->secret)
                                               : read_secret_file(config, said, block->secret_file);
    struct secret key;
    if (secret != NULL && secret_parse(secret, &key) != STATUS_OK) {
        config_complain(config, said, "the secret is not whsec_ and base64"); /* never shown */
        return NULL;
    }
    return secret;
}

/* "off", or a duration. */
static bool repeat_read(struct config *config, const struct config_node *said, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (said == NULL)
        return true;
    struct span text = config_kind(said) == CONFIG_SCALAR ? config_text(said) : (struct span){0};
    if (span_equal(text, SPAN("off")) || duration_parse(text, ret_ms) == STATUS_OK)
        return true;
    config_complain(config, said, "\"%.*s\", expected off or a duration such as 12h", SPAN_ARG(text));
    return false;
}

static bool alert_read(struct config *config, const struct config_node *node, struct alert_config *ret_alert)
{
    struct alert_block block = {0};
    if (!config_read(config, node, alert_rows, &block))
        return false;
    struct alert_config alert = {.name = block.name,
                                 .type = block.type,
                                 .group_wait_ms = block.group_wait_ms,
                                 .group_interval_ms = block.group_interval_ms,
                                 .max_age_ms = block.max_age_ms};
    const struct alert_driver *driver = alert_driver_find(block.type);
    if (driver == NULL)
        config_complain(config, config_find(node, "type"), "\"%s\" is no kind of alert, expected webhook", block.type);
    bool right = repeat_read(config, block.repeats, &alert.repeat_interval_ms) && driver != NULL;
    alert.url = config_expand(config, block.url);
    char reason[256];
    if (alert.url != NULL && driver != NULL && driver->check_url(alert.url, reason) != STATUS_OK) {
        config_complain(config, block.url, "%s", reason);
        right = false;
    }
    alert.secret = secret_of(config, node, &block);
    if (!right || alert.url == NULL || alert.secret == NULL)
        return false;
    *ret_alert = alert;
    return true;
}

static bool alerts_read(struct config *config, const struct config_node *list, struct sink_config *ret_config)
{
    if (list == NULL || config_kind(list) == CONFIG_NULL)
        return true;
    if (config_kind(list) != CONFIG_LIST || config_count(list) > ALERTS_MAX) {
        config_complain(config, list, "alerts: expected a list of at most %d entries", ALERTS_MAX);
        return false;
    }
    size_t count = config_count(list);
    struct alert_config *alerts = config_take(config, (count + 1) * sizeof *alerts);
    bool right = alerts != NULL;
    for (size_t i = 0; i < count && alerts != NULL; i++) {
        const struct config_node *node = config_item(list, i);
        bool is_right = alert_read(config, node, &alerts[i]);
        for (size_t k = 0; k < i && is_right; k++) {
            if (alerts[k].name != NULL && strcmp(alerts[k].name, alerts[i].name) == 0) {
                config_complain(config, node, "alert \"%s\" is there twice", alerts[i].name);
                is_right = false;
            }
        }
        right = is_right && right;
    }
    ret_config->alerts = alerts;
    ret_config->alert_count = count;
    return right;
}

bool sink_config_read(struct config *config, struct sink_config *ret_config)
{
    const struct config_node *node = config_block(config, "sink");
    struct config_row rows[sizeof store_as_path / sizeof *store_as_path];
    memcpy(rows, store_as_path, sizeof rows);
    if (node != NULL && config_kind(node) == CONFIG_MAP && !is_path(config_find(node, "store")))
        rows[0].type = CONFIG_STRING;
    struct sink_block block = {0};
    struct sink_config result = {0};
    bool right = config_read(config, node, rows, &block);
    result.store = block.store;
    result.name = block.name;
    if (block.store != NULL && !store_serves(block.store)) {
        config_complain(config, config_find(node, "store"),
                        "%s is no store this program knows, expected a name ending in .gpkg, or memory:", block.store);
        right = false;
    }
    right = alerts_read(config, block.alerts, &result) && right;
    if (right)
        *ret_config = result;
    return right;
}
