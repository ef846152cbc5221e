# How everything here is compiled, and the words the rooms' CMakeLists.txt use.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

# -ffp-contract=off: a fused multiply-add would give another last digit on another machine, and positions are
# integers derived from floating point (method: the same bytes everywhere).
add_library(vedette_compile_flags INTERFACE)
target_compile_definitions(vedette_compile_flags INTERFACE _GNU_SOURCE)
target_include_directories(vedette_compile_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(vedette_compile_flags INTERFACE
  -ffp-contract=off -fno-common -fstack-protector-strong
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -Wundef -Wformat=2 -Wno-unused-parameter)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(vedette_compile_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
target_link_options(vedette_compile_flags INTERFACE -Wl,-z,relro,-z,now)

if(VEDETTE_SANITIZE)
  add_compile_options(-fsanitize=${VEDETTE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VEDETTE_SANITIZE})
endif()
if(VEDETTE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_package(PkgConfig REQUIRED)

# vedette_room(NAME SOURCES ... LINKS ... PRIVATE_LINKS ...): a static library vedette_NAME, alias vedette::NAME.
function(vedette_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(vedette_${name} STATIC ${ROOM_SOURCES})
  add_library(vedette::${name} ALIAS vedette_${name})
  target_link_libraries(vedette_${name} PUBLIC ${ROOM_LINKS} PRIVATE vedette_compile_flags ${ROOM_PRIVATE_LINKS})
endfunction()

# vedette_program(NAME SOURCES ... LINKS ...): an executable in bin/.
function(vedette_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE vedette_compile_flags ${PROGRAM_LINKS})
endfunction()
