-- loses-data: the tables maintenance_records, fuel_log; the columns width_m, axles, carries_propane, towed, version
drop table maintenance_records;
drop table fuel_log;
revoke insert, update, delete on vehicles from pam_app;
revoke insert (user_id, name, kind, make, model, model_year, fuel_type, consumption_l_per_100km, tank_l, height_m,
               length_m, width_m, weight_kg, axles, carries_propane, towed, created_at),
       update (name, kind, make, model, model_year, fuel_type, consumption_l_per_100km, tank_l, height_m, length_m,
               width_m, weight_kg, axles, carries_propane, towed, version)
    on vehicles from pam_app;
alter table vehicles
    drop constraint vehicles_of_one_user,
    drop column width_m,
    drop column axles,
    drop column carries_propane,
    drop column towed,
    drop column version,
    alter column consumption_l_per_100km type numeric(5, 2),
    alter column tank_l                  type numeric(6, 1),
    alter column height_m                type numeric(4, 2),
    alter column length_m                type numeric(5, 2),
    alter column weight_kg               type integer using round(weight_kg);
-- Written anew, or it would compare the integer as a numeric, here and after the next migration up.
alter table vehicles
    drop constraint vehicles_weight_kg_check,
    add constraint vehicles_weight_kg_check check (weight_kg between 200 and 60000);
drop index vehicles_by_name;
