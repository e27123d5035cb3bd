// A second, unrelated host stack on the emulated stick: it must form, interview, enrol and hear
// the same devices as the first. Usage: node judge.mjs HOST:PORT CONTROL_SOCKET FOLDER
import {createRequire} from "node:module";
import net from "node:net";
import path from "node:path";

const [address, controlPath, folder] = process.argv.slice(2);
const {Controller, setLogger} = createRequire(path.join(process.cwd(), "judge.cjs"))("zigbee-herdsman");

const STEP_WITHIN_MS = 60_000; // One maker code makes this host wait 10 s in the interview.
const ZONES = ["sos-1", "contact-1", "motion-1", "smoke-1", "gas-1", "co-1", "leak-1", "siren-1"];
const OTHERS = ["ace-1", "plug-1", "valve-1", "climate-1"];

const say = (text) => process.stdout.write(`${text}\n`);

function within(promise, what, ms = STEP_WITHIN_MS) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function check(condition, what) {
    if (!condition) throw new Error(what);
    say(`ok   ${what}`);
}

class Control {
    constructor(socketPath) {
        this.socket = net.connect(socketPath);
        this.waiting = new Map();
        this.number = 0;
        let rest = "";
        this.socket.on("data", (chunk) => {
            const lines = (rest + chunk).split("\n");
            rest = lines.pop();
            for (const line of lines) this.take(JSON.parse(line));
        });
    }

    take(reply) {
        const settle = this.waiting.get(reply.id);
        this.waiting.delete(reply.id);
        if (settle && reply.error) settle.reject(new Error(reply.error));
        else if (settle) settle.resolve(reply);
    }

    do(verb, values = {}) {
        const id = ++this.number;
        const answer = new Promise((resolve, reject) => this.waiting.set(id, {resolve, reject}));
        this.socket.write(`${JSON.stringify({id, do: verb, ...values})}\n`);
        return within(answer, `control ${verb}`);
    }
}

function nextMessage(controller, accept, what) {
    let hear;
    const heard = new Promise((resolve) => {
        hear = (message) => accept(message) && resolve(message);
        controller.on("message", hear);
    });
    return within(heard, what, 10_000).finally(() => controller.off("message", hear));
}

const quiet = () => {};
setLogger({debug: quiet, info: quiet, warning: quiet, error: (text) => say(`host ${text}`)});

const control = new Control(controlPath);
const controller = new Controller({
    network: {
        panID: 0x1a62,
        extendedPanID: [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88],
        channelList: [15],
        networkKey: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        networkKeyDistribute: false,
    },
    serialPort: {path: `tcp://${address}`, adapter: "zstack"},
    databasePath: path.join(folder, "database.json"),
    databaseBackupPath: path.join(folder, "database.backup.json"),
    backupPath: path.join(folder, "coordinator.json"),
    adapter: {disableLED: false},
    acceptJoiningDeviceHandler: async () => true,
});

async function joinAll() {
    const states = (await control.do("devices")).devices;
    const wanted = new Map(states.map((state) => [`0x${state.ieee.replaceAll(":", "")}`, state.device]));
    const ready = new Map();
    const all = new Promise((resolve, reject) => {
        controller.on("deviceInterview", ({status, device}) => {
            const name = wanted.get(device.ieeeAddr);
            if (status === "failed") reject(new Error(`interview of ${name} failed`));
            if (status === "successful") ready.set(name, device);
            if (ready.size === wanted.size) resolve();
        });
    });
    await controller.permitJoin(120);
    for (const name of wanted.values()) await control.do("join", {device: name});
    await within(all, "interviews");
    check(ready.size === ZONES.length + OTHERS.length, `${ready.size} devices were interviewed`);
    return ready;
}

function endpointWith(device, cluster) {
    return device.endpoints.find((endpoint) => endpoint.supportsInputCluster(cluster));
}

async function hearZones(devices) {
    for (const name of ZONES) {
        const waited = await control.do("wait_for", {device: name, enrolled: true, timeout_s: 20});
        check(waited.met, `${name} is enrolled, zone id ${waited.state.zone_id}`);
        const device = devices.get(name);
        const alarm = nextMessage(
            controller,
            (m) => m.device === device && m.type === "commandStatusChangeNotification",
            `${name}: alarm`,
        );
        await control.do("trip", {device: name, tamper: true});
        check((await alarm).data.zonestatus === 0x0005, `${name} was heard with alarm and tamper`);
    }
}

async function useOthers(devices) {
    const call = nextMessage(controller, (m) => m.type === "commandEmergency", "ace-1: emergency");
    await control.do("press", {device: "ace-1"});
    check((await call).cluster === "ssIasAce", "ace-1 called emergency");
    for (const name of ["plug-1", "valve-1"]) {
        await endpointWith(devices.get(name), "genOnOff").command("genOnOff", "on", {});
        check((await control.do("wait_for", {device: name, on: true})).met, `${name} is on`);
    }
    const warning = {startwarninginfo: 0x17, warningduration: 2, strobedutycycle: 50, strobelevel: 1};
    await endpointWith(devices.get("siren-1"), "ssIasWd").command("ssIasWd", "startWarning", warning);
    check((await control.do("wait_for", {device: "siren-1", on: true})).met, "siren-1 sounds");
    check((await control.do("wait_for", {device: "siren-1", on: false})).met, "siren-1 stops by itself");
    const climate = endpointWith(devices.get("climate-1"), "msTemperatureMeasurement");
    await climate.bind("msTemperatureMeasurement", controller.getDevicesByType("Coordinator")[0].endpoints[0]);
    const report = nextMessage(controller, (m) => m.type === "attributeReport", "climate-1: report");
    await control.do("report", {device: "climate-1", temperature: 18.5});
    check((await report).data.measuredValue === 1850, "climate-1 reported once it was bound");
    const read = await endpointWith(devices.get("smoke-1"), "ssIasZone").read("ssIasZone", ["zoneType"]);
    check(read.zoneType === 0x0028, "smoke-1 is read on its own endpoint");
}

async function main() {
    check((await within(controller.start(), "start")) === "reset", "a blank stick was formed");
    const network = await controller.getNetworkParameters();
    check(network.panID === 0x1a62 && network.channel === 15, "PAN and channel are as configured");
    const devices = await joinAll();
    await hearZones(devices);
    await useOthers(devices);
    const plug = devices.get("plug-1");
    await plug.removeFromNetwork();
    check((await control.do("wait_for", {device: "plug-1", joined: false})).met, "plug-1 was told to leave");
    await within(controller.stop(), "stop");
}

try {
    await main();
    say("judge: accepted");
    process.exit(0);
} catch (error) {
    say(`FAIL ${error.stack}`);
    say("judge: refused");
    process.exit(1);
}
