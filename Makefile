# mocr: `make run` starts the console, `make check` runs every test. `make help` lists the rest.
V ?= 0
Q := $(if $(filter 0,$(V)),@)
say = $(if $(filter 0,$(V)),@printf '  %-6s %s\n' '$(1)' '$(2)')

GNU_arm64 := aarch64-linux-gnu
GNU_amd64 := x86_64-linux-gnu
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
# ARCH=arm64, said to make itself: by the cross compiler, with Debian's libraries for that processor.
ifeq ($(origin ARCH),command line)
GNU := $(or $(GNU_$(ARCH)),$(error make deb: ARCH must be arm64 or amd64))
CC := $(GNU)-gcc
export PKG_CONFIG_LIBDIR := /usr/lib/$(GNU)/pkgconfig:/usr/share/pkgconfig
endif
comma := ,
hash := \#
# SAN=address,undefined or SAN=thread builds beside the ordinary one.
BUILD ?= build/$(CC)$(if $(SAN),-$(subst $(comma),-,$(SAN)))
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

PKGS := ncursesw libssh libcurl libcjson libsystemd inih libutf8proc libpcre2-8 libcrypto
# What Debian and Ubuntu call what is needed: to build, and to test.
BUILD_PACKAGES := gcc make pkg-config libncurses-dev libssh-dev libcurl4-openssl-dev libcjson-dev libsystemd-dev \
	libinih-dev libssl-dev libutf8proc-dev libpcre2-dev libwslay-dev uthash-dev openssh-client ca-certificates
TEST_PACKAGES := $(BUILD_PACKAGES) ncurses-term locales clang libclang-rt-dev cppcheck valgrind libcmocka-dev git tmux openssh-server sshpass krb5-kdc krb5-admin-server krb5-user dbus systemd socat jq \
	busybox-static toybox rust-coreutils zsh fish tcsh csh strace procps iproute2 mandoc python3 debootstrap docker.io iptables libnotify4 dunst xvfb

OPT ?= -O2 -g
# With sanitizers gcc warns of paths that cannot be; the plain builds hold the line.
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Werror=implicit-function-declaration -Werror=int-conversion -Wno-unused-parameter \
	$(if $(SAN)$(filter 0,$(WERROR)),,-Werror)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)
# Hostile bytes are parsed here. Each word is used where the compiler knows it for this processor; sanitizers do the same and better.
WORDS_OF_HARDENING := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard -fPIE
LINK_HARDENING := -pie -Wl,-z,relro,-z,now,-z,noexecstack
known = $(shell printf '$(hash)include <string.h>\n' | $(CC) $(OPT) -U_FORTIFY_SOURCE $(1) -Wall -Werror -xc -c -o /dev/null - 2>/dev/null && echo '$(1)')
fortify = $(firstword $(call known,-D_FORTIFY_SOURCE=3) $(call known,-D_FORTIFY_SOURCE=2))
HARDENING = $(eval HARDENING := $(if $(SAN),,$(addprefix -U_FORTIFY_SOURCE ,$(fortify)) \
	$(foreach w,$(WORDS_OF_HARDENING),$(call known,$(w)))))$(HARDENING)
CFLAGS_ALL = -std=gnu11 $(OPT) $(WARN) $(SANFLAGS) $(HARDENING) -D_GNU_SOURCE -I. $(PKG_CFLAGS) $(CFLAGS)
LIBS = $(PKG_LIBS) -lwslay -lpthread -ldl -lm $(if $(SAN),,$(LINK_HARDENING)) $(LDFLAGS)

SRCS := $(sort $(wildcard tui/*.c panels/*.c backends/*.c backends/*/*.c))
OBJS := $(SRCS:%.c=$(BUILD)/%.o)
CORE := $(filter-out $(BUILD)/tui/main.o,$(OBJS))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
UNIT_HELPERS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c)))
FUZZ := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

# build/mocr is the one that runs here.
all: $(BUILD)/mocr
	$(if $(GNU),,$(Q)mkdir -p build && ln -sfn ../$(BUILD)/mocr build/mocr)

run: ## install what is missing, build, start the console (ARGS="pi sese" for servers)
	@$(MAKE) --no-print-directory packages NEEDED='$(BUILD_PACKAGES)'
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@build/mocr $(ARGS)

check: ## install what is missing, build, run every test
	@$(MAKE) --no-print-directory packages NEEDED='$(TEST_PACKAGES)'
	@bash tests/run

# Installs the packages of NEEDED that are not there, by apt, with sudo when not root.
packages:
	@missing=; for p in $(NEEDED); do \
		dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || missing="$$missing $$p"; done; \
	[ -z "$$missing" ] && exit 0; \
	echo "installing:$$missing"; sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	$$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null

$(BUILD)/mocr: $(OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(dir $@)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) $(DEFS) -MMD -MP -c -o $@ $<

# Only these two know them, so that a new commit does not rebuild everything.
$(BUILD)/tui/main.o $(BUILD)/tui/console.o: DEFS = -DMOCR_VERSION='"$(VERSION)"'
$(BUILD)/tui/theme.o: DEFS = -DMOCR_DATADIR='"$(PREFIX)/share/mocr"' -I$(BUILD)

# The themes as C strings, the default first: THEME("default", "line\n" "line\n")
$(BUILD)/tui/theme.o: $(BUILD)/tui/themes.inc
$(BUILD)/tui/themes.inc: themes/default $(filter-out themes/default,$(sort $(wildcard themes/*)))
	@mkdir -p $(dir $@)
	$(Q)for t in $^; do \
		printf 'THEME("%s",\n' "$${t#themes/}"; sed 's/[\"]/\\&/g; s/.*/"&\\n"/' "$$t"; echo ')'; \
	done >$@.new && mv $@.new $@

$(BUILD)/core.a: $(CORE)
	$(Q)rm -f $@; ar rcs $@ $^

$(BUILD)/unit/%: tests/unit/%.c $(UNIT_HELPERS) $(BUILD)/core.a
	@mkdir -p $(dir $@)
	$(call say,TEST,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $< $(UNIT_HELPERS) $(BUILD)/core.a $(LIBS) -lcmocka

# libFuzzer: make CC=clang SAN=fuzzer-no-link,address,undefined fuzz
$(BUILD)/fuzz/%: tests/fuzz/%.c tests/fuzz/fuzz.h tests/fuzz/world.h $(BUILD)/core.a
	@mkdir -p $(dir $@)
	$(call say,FUZZ,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -fsanitize=fuzzer -o $@ $< $(BUILD)/core.a $(LIBS)

unit: $(UNIT) ## build the unit tests
fuzz: $(FUZZ) ## build the fuzzers

lint: ## rooms, includes, forbidden calls
	@bash tests/lint

docs: all ## make the generated tables of the man pages anew
	$(if $(GNU),,@bash man/generate build/mocr)

lab: ## start the fleet of real servers and leave it running
	@tests/lab/lab up
demo: all lab ## open the console on the lab
	@tests/lab/demo
lab-down: ## remove the lab
	@tests/lab/lab down
bench: all ## speed and memory, as ratios
	@bash tests/bench/run

chaos: all lab ## what the lab's tests do, with more: 200 containers that die at once (STORM=n)
	@STORM=$(or $(STORM),200) TIMES=1 tests/lab/run ../chaos/storm

mutate: ## change a random hundred places of the program, and see whether the unit tests notice (SEED=n)
	@tests/mutate --least 85 $(or $(SEED),$(shell date +%s)) 100

real: all ## mocr beside the real OpenClaw and others, fetched from their registries: long (NAMES="openclaw")
	@bash tests/real/run $(NAMES)

# What make install puts where: source, place below PREFIX.
INSTALLED = man/mocr.1:share/man/man1/mocr.1 man/mocr-config.5:share/man/man5/mocr-config.5 \
	man/completion/mocr.bash:share/bash-completion/completions/mocr \
	man/completion/mocr.zsh:share/zsh/$(ZSH_PLACE)/_mocr \
	man/completion/mocr.fish:share/fish/vendor_completions.d/mocr.fish \
	man/mocr.desktop:share/applications/mocr.desktop \
	tests/screens/demo/answers:share/mocr/demo/answers \
	$(foreach t,$(wildcard themes/*),$(t):share/mocr/$(t))
ZSH_PLACE = $(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)

install: all docs ## into PREFIX (/usr/local)
	install -Dm755 $(BUILD)/mocr $(DESTDIR)$(PREFIX)/bin/mocr
	$(Q)$(foreach f,$(INSTALLED),install -Dm644 $(subst :, $(DESTDIR)$(PREFIX)/,$(f)) &&) true

uninstall: ## remove from PREFIX what make install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/mocr $(foreach f,$(INSTALLED),$(DESTDIR)$(PREFIX)/$(lastword $(subst :, ,$(f))))
	rmdir $(foreach d,/themes /demo /,$(DESTDIR)$(PREFIX)/share/mocr$(d)) 2>/dev/null || true

# What make deb wants: for another processor its compiler, and the libraries of that processor.
DEB_PACKAGES = dpkg-dev $(if $(GNU),gcc-$(subst _,-,$(GNU)) \
	$(foreach p,$(BUILD_PACKAGES),$(p)$(if $(filter lib%,$(p)),:$(ARCH))),$(BUILD_PACKAGES))

deb: ## a package for this release of Debian or Ubuntu, in build/ (ARCH=arm64 cross builds it)
	@$(MAKE) --no-print-directory packages NEEDED='$(DEB_PACKAGES)'
	$(Q)$(MAKE) --no-print-directory all
	@# only the place of the themes is compiled in
	$(Q)rm -rf build/deb build/mocr_*.deb && mkdir -p build/deb && cp -a $(BUILD) build/deb/build
	$(Q)rm -f build/deb/build/mocr build/deb/build/tui/theme.o
	$(Q)$(MAKE) --no-print-directory BUILD=build/deb/build PREFIX=/usr DESTDIR=$(CURDIR)/build/deb/root install
	$(if $(GNU),,$(Q)ln -sfn ../$(BUILD)/mocr build/mocr)
	$(Q)ARCH=$(if $(GNU),$(ARCH)) GNU=$(GNU) bash man/deb build/deb/root build

deb-everywhere: ## build, install and run the package in roots of bookworm, trixie and sid (SUITES=sid)
	@bash tests/everywhere $(SUITES)

print-packages:
	@echo $(BUILD_PACKAGES)
print-build:
	@echo $(BUILD)
# tests/mutate compiles and links by itself.
print-objects:
	@echo $(OBJS)
print-unit-helpers:
	@echo $(UNIT_HELPERS)
print-flags:
	@echo $(CFLAGS_ALL)
print-libs:
	@echo $(LIBS)

clean: ## remove what was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r t h; do \
		printf '  make %-15s %s\n' "$$t" "$$h"; done

-include $(OBJS:.o=.d) $(wildcard $(BUILD)/tests/unit/*.d)
.PHONY: all run check packages unit fuzz lint docs lab demo lab-down bench chaos mutate real install uninstall deb deb-everywhere clean help
.SECONDARY:
