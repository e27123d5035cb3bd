BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'anju.journal','001_journal','2026-11-23 08:00:00+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'anju.journal','002_span','2026-11-23 08:00:00+00:00');
CREATE TABLE alarm (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "alarm" VALUES('alarm-1','{"of": "alarm"}');
CREATE TABLE cursor (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "cursor" VALUES('cursor-1','{"of": "cursor"}');
INSERT INTO "cursor" VALUES('f1c7ed01/bulk','30');
CREATE TABLE device (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "device" VALUES('device-1','{"of": "device"}');
CREATE TABLE effect (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "effect" VALUES('effect-1','{"of": "effect"}');
CREATE TABLE journal (
    journal_id    TEXT NOT NULL,
    seq           INTEGER NOT NULL,
    lane          TEXT NOT NULL,
    kind          TEXT NOT NULL,
    severity      TEXT,
    device        TEXT,
    body          TEXT NOT NULL,
    observed_at   REAL,
    received_at   REAL NOT NULL,
    recorded_at   REAL NOT NULL,
    boot_id       TEXT NOT NULL,
    mono_ms       INTEGER NOT NULL,
    time_quality  TEXT NOT NULL,
    correction_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (journal_id, seq)
) WITHOUT ROWID
;
INSERT INTO "journal" VALUES('f1c7ed01',1,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":20.0,"channel":"床头"}',NULL,1795000060.0,1795002400.0,'boot-1',1060000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',2,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":20.1,"channel":"床头"}',NULL,1795000120.0,1795002400.0,'boot-1',1120000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',3,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":20.2,"channel":"床头"}',NULL,1795000180.0,1795002400.0,'boot-1',1180000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',4,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":20.3,"channel":"床头"}',NULL,1795000240.0,1795002400.0,'boot-1',1240000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',5,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":20.4,"channel":"床头"}',NULL,1795000300.0,1795002400.0,'boot-1',1300000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',6,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":20.5,"channel":"床头"}',NULL,1795000360.0,1795002400.0,'boot-1',1360000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',7,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":20.6,"channel":"床头"}',NULL,1795000420.0,1795002400.0,'boot-1',1420000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',8,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":20.7,"channel":"床头"}',NULL,1795000480.0,1795002400.0,'boot-1',1480000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',9,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":20.8,"channel":"床头"}',NULL,1795000540.0,1795002400.0,'boot-1',1540000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',10,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":20.9,"channel":"床头"}',NULL,1795000600.0,1795002400.0,'boot-1',1600000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',11,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":21.0,"channel":"床头"}',NULL,1795000660.0,1795002400.0,'boot-1',1660000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',12,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":21.1,"channel":"床头"}',NULL,1795000720.0,1795002400.0,'boot-1',1720000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',13,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":21.2,"channel":"床头"}',NULL,1795000780.0,1795002400.0,'boot-1',1780000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',14,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":21.3,"channel":"床头"}',NULL,1795000840.0,1795002400.0,'boot-1',1840000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',15,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":21.4,"channel":"床头"}',NULL,1795000900.0,1795002400.0,'boot-1',1900000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',16,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":21.5,"channel":"床头"}',NULL,1795000960.0,1795002400.0,'boot-1',1960000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',17,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":21.6,"channel":"床头"}',NULL,1795001020.0,1795002400.0,'boot-1',2020000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',18,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":21.7,"channel":"床头"}',NULL,1795001080.0,1795002400.0,'boot-1',2080000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',19,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":21.8,"channel":"床头"}',NULL,1795001140.0,1795002400.0,'boot-1',2140000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',20,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":21.9,"channel":"床头"}',NULL,1795001200.0,1795002400.0,'boot-1',2200000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',21,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":22.0,"channel":"床头"}',NULL,1795001260.0,1795002400.0,'boot-1',2260000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',22,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":22.1,"channel":"床头"}',NULL,1795001320.0,1795002400.0,'boot-1',2320000,'unknown',0);
INSERT INTO "journal" VALUES('f1c7ed01',23,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":22.2,"channel":"床头"}',NULL,1795001380.0,1795002400.0,'boot-1',2380000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',24,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":22.3,"channel":"床头"}',NULL,1795001440.0,1795002400.0,'boot-1',2440000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',25,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":22.4,"channel":"床头"}',NULL,1795001500.0,1795002400.0,'boot-1',2500000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',26,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":22.5,"channel":"床头"}',NULL,1795001560.0,1795002400.0,'boot-1',2560000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',27,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":22.6,"channel":"床头"}',NULL,1795001620.0,1795002400.0,'boot-1',2620000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',28,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":22.7,"channel":"床头"}',NULL,1795001680.0,1795002400.0,'boot-1',2680000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',29,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":22.8,"channel":"床头"}',NULL,1795001740.0,1795002400.0,'boot-1',2740000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',30,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":22.9,"channel":"床头"}',NULL,1795001800.0,1795002400.0,'boot-1',2800000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',31,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":23.0,"channel":"床头"}',NULL,1795001860.0,1795002400.0,'boot-1',2860000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',32,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":23.1,"channel":"床头"}',NULL,1795001920.0,1795002400.0,'boot-1',2920000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',33,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":23.2,"channel":"床头"}',NULL,1795001980.0,1795002400.0,'boot-1',2980000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',34,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":23.3,"channel":"床头"}',NULL,1795002040.0,1795002400.0,'boot-1',3040000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',35,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":23.4,"channel":"床头"}',NULL,1795002100.0,1795002400.0,'boot-1',3100000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',36,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":23.5,"channel":"床头"}',NULL,1795002160.0,1795002400.0,'boot-1',3160000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',37,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":23.6,"channel":"床头"}',NULL,1795002220.0,1795002400.0,'boot-1',3220000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',38,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":23.7,"channel":"床头"}',NULL,1795002280.0,1795002400.0,'boot-1',3280000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',39,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":23.8,"channel":"床头"}',NULL,1795002340.0,1795002400.0,'boot-1',3340000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',40,'bulk','reading',NULL,'zigbee-1','{"quantity":"temp_c","value":23.9,"channel":"床头"}',NULL,1795002400.0,1795002400.0,'boot-1',3400000,'synced',0);
INSERT INTO "journal" VALUES('f1c7ed01',41,'urgent','alarm.raised','S1','zigbee-2','{"alarm":"f1c7ed01-41","rule":"sos","hazard":"sos"}',1.5,1795002400.0,1795002400.0,'boot-1',3400000,'synced',0);
CREATE TABLE rule_state (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "rule_state" VALUES('rule_state-1','{"of": "rule_state"}');
CREATE TABLE setting (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "setting" VALUES('journal_id','f1c7ed01');
INSERT INTO "setting" VALUES('setting-1','{"of": "setting"}');
CREATE TABLE span (
    journal_id TEXT NOT NULL,
    first_seq  INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL,
    earliest   REAL NOT NULL,
    latest     REAL NOT NULL,
    PRIMARY KEY (journal_id, first_seq)
) WITHOUT ROWID
;
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX journal_urgent ON journal (journal_id, seq) WHERE lane = 'urgent';
COMMIT;
PRAGMA user_version = 2;
