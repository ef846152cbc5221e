/* Runs a fuzz target over the files named: its seeds, in the ordinary test run. None is a failure: a test must test. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SEED_BYTES_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        uint8_t *data = malloc(SEED_BYTES_MAX);
        if (file == NULL || data == NULL) {
            (void)fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return EXIT_FAILURE;
        }
        size_t size = fread(data, 1, SEED_BYTES_MAX, file);
        (void)fclose(file);
        uint8_t *exact = realloc(data, size > 0 ? size : 1); /* so that a sanitizer sees a read behind the end */
        if (exact == NULL) {
            free(data);
            return EXIT_FAILURE;
        }
        (void)LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    printf("%d seeds replayed\n", argc - 1);
    return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
